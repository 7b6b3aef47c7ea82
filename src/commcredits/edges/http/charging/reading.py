"""Bodies of charging requests → commands of the core, fast when they are right and clear when they are not.

Knows the wire format of each command and which organization a number belongs to. Refuses to know HTTP, connections and
what a command will lead to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import UNSET

from commcredits.core.call_types import agree, service_of
from commcredits.core.commands import Authorise, CallType, End, Service, Start, Update
from commcredits.core.numbers import E164
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.charging.emergency import EmergencyCall, asks_for_emergency, read_emergency
from commcredits.edges.http.charging.explaining import (
    BODY_FIELD,
    UNREADABLE,
    MalformedJsonError,
    explain,
    explain_item,
    load_json,
    malformed,
    object_or_empty,
    wrong_field,
)
from commcredits.edges.http.charging.fields import (
    ORGANIZATION_ID,
    REQUEST_NUMBER_MAX,
    USED_SECONDS_MAX,
    AuthoriseBody,
    Body,
    EndBody,
    StartBody,
    UpdateBody,
    cause_is_fit,
)
from commcredits.edges.http.problems import Problem, refusal_problem
from commcredits.operations.charging import (
    CONFERENCE_ID,
    SESSION_ID,
    SLICE_SECONDS_MAX,
    SWITCH,
    Directory,
    emergency_forms,
    user_is_fit,
)

_QUOTE: Final = b'"'
_TAG_QUOTES: Final = 4
"""The quotation marks around the name and the value of the tag that only elements of a batch carry."""
_INBOUND: Final = (Service.TOLL_FREE_IN, Service.TOLL_IN)
"""Where the number of the organization's own is the one that is called."""

Reading = Authorise | Start | Update | End | EmergencyCall | Problem
"""What a body can turn out to be."""

_is_e164: Final = E164.fullmatch
_is_session_id: Final = SESSION_ID.fullmatch
_is_organization_id: Final = ORGANIZATION_ID.fullmatch
_is_conference_id: Final = CONFERENCE_ID.fullmatch
_is_switch: Final = SWITCH.fullmatch


class CommandReader:
    """Reads the bodies of one listener.

    A body is decoded straight into a record and checked with a few comparisons. JSON readers keep the last of two
    equal names, which would let two parties see two different requests; so the quotation marks are counted, and a body
    with more of them than its fields account for is looked at again, slowly.
    """

    __slots__ = ("_authorise", "_emergency_forms", "_end", "_item", "_items", "_organization_of", "_start", "_update")

    def __init__(self, directory: Directory, emergency_numbers: Iterable[str]) -> None:
        self._organization_of = directory.organization_of
        self._emergency_forms = emergency_forms(emergency_numbers)
        self._authorise = msgspec.json.Decoder(AuthoriseBody).decode
        self._start = msgspec.json.Decoder(StartBody).decode
        self._update = msgspec.json.Decoder(UpdateBody).decode
        self._end = msgspec.json.Decoder(EndBody).decode
        self._items = msgspec.json.Decoder(list[msgspec.Raw]).decode
        self._item = msgspec.json.Decoder(Body).decode

    def read_authorise(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/authorise``."""
        try:
            body = self._authorise(raw)
        except UNREADABLE as error:
            return self._despite("authorise", raw, explain("authorise", raw, tagged=False), error)
        return self._build_authorise(body, raw, 0)

    def read_start(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/start``."""
        try:
            body = self._start(raw)
        except UNREADABLE as error:
            return self._despite("start", raw, explain("start", raw, tagged=False), error)
        return self._build_start(body, raw, 0)

    def read_update(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/update``."""
        try:
            body = self._update(raw)
        except UNREADABLE as error:
            return self._despite("update", raw, explain("update", raw, tagged=False), error)
        return self._build_update(body, raw, 0)

    def read_end(self, raw: bytes) -> Reading:
        """The body of ``POST /v1/charging/end``."""
        try:
            body = self._end(raw)
        except UNREADABLE as error:
            return self._despite("end", raw, explain("end", raw, tagged=False), error)
        return self._build_end(body, raw, 0)

    def read_batch(self, raw: bytes, commands_max: int) -> list[Reading] | Problem:
        """The body of ``POST /v1/charging/batch``: each element on its own, so that a bad one harms no other."""
        try:
            raw.decode()  # elements are cut out unread, so that nothing else would look at their encoding as a whole
            items = self._items(raw)
        except UNREADABLE:
            try:
                value = load_json(raw)
            except MalformedJsonError as error:
                return malformed(error)
            return wrong_field(BODY_FIELD, value, f"an array of at most {commands_max} commands")
        if len(items) > commands_max:
            return wrong_field(BODY_FIELD, f"{len(items)} elements", f"an array of at most {commands_max} commands")
        return [self._read_item(bytes(item)) for item in items]

    def _read_item(self, raw: bytes) -> Reading:
        try:
            body: Body = self._item(raw)
        except UNREADABLE as error:
            command, problem = explain_item(raw)
            return self._despite(command, raw, problem, error)
        match body:
            case AuthoriseBody():
                return self._build_authorise(body, raw, _TAG_QUOTES)
            case StartBody():
                return self._build_start(body, raw, _TAG_QUOTES)
            case UpdateBody():
                return self._build_update(body, raw, _TAG_QUOTES)
            case EndBody():
                return self._build_end(body, raw, _TAG_QUOTES)

    def _build_authorise(self, body: AuthoriseBody, raw: bytes, tag_quotes: int) -> Reading:
        organization_id, service, slice_seconds = body.organization_id, body.service, body.slice_seconds
        caller, callee = body.caller, body.callee
        if service is Service.EMERGENCY or callee in self._emergency_forms:
            return read_emergency(object_or_empty(raw), self._organization_of)
        quotes = 12 + tag_quotes
        fits = (
            _is_session_id(body.session_id) is not None
            and _is_e164(caller) is not None
            and _is_e164(callee) is not None
        )
        if organization_id is not UNSET:
            quotes += 4
            fits = fits and _is_organization_id(organization_id) is not None
        if service is UNSET:
            service = Service.OUTBOUND
        else:
            quotes += 4
        if slice_seconds is not UNSET:
            quotes += 2
            fits = fits and 1 <= slice_seconds <= SLICE_SECONDS_MAX
        if body.answered is not UNSET:
            quotes += 2
        if not fits or raw.count(_QUOTE) != quotes:
            # Fields that say whose call it is have quotation marks of their own: most bodies are never asked for them.
            return self._build_told(body, raw, quotes, fits=fits, tagged=tag_quotes > 0)
        if organization_id is UNSET:
            number = callee if service in _INBOUND else caller
            owner = self._organization_of(number)
            if owner is None:
                return _unknown_number(number)
            organization_id = owner
        return Authorise(
            organization_id=organization_id,
            session_id=body.session_id,
            service=service,
            caller=caller,
            callee=callee,
            slice_seconds=None if slice_seconds is UNSET else slice_seconds,
            answered=body.answered is True,
        )

    def _build_told(self, body: AuthoriseBody, raw: bytes, quotes: int, *, fits: bool, tagged: bool) -> Reading:
        """The command of an ``authorise`` that tells whose call it is, or what is wrong with it.

        ``quotes`` are the quotation marks that its other fields account for, ``fits`` whether those are right.
        """
        organization_id, service, slice_seconds = body.organization_id, body.service, body.slice_seconds
        call_type, user, conference_id = body.call_type, body.user, body.conference_id
        if call_type is CallType.EMERGENCY_OUT:
            return read_emergency(object_or_empty(raw), self._organization_of)
        if call_type is not UNSET:
            quotes += 4
            fits = fits and (service is UNSET or agree(call_type, service))
        if user is not UNSET:
            quotes += 4
            fits = fits and user_is_fit(user)
        if conference_id is not UNSET:
            quotes += 4
            fits = fits and _is_conference_id(conference_id) is not None
        if body.switch is not UNSET:
            quotes += 4
            fits = fits and _is_switch(body.switch) is not None
        if not fits or raw.count(_QUOTE) != quotes:
            problem = explain("authorise", raw, tagged=tagged)
            if problem is not None:
                return problem
        if service is UNSET:
            service = Service.OUTBOUND if call_type is UNSET else service_of(call_type)
        if organization_id is UNSET:
            number = body.callee if service in _INBOUND else body.caller
            owner = self._organization_of(number)
            if owner is None:
                return _unknown_number(number)
            organization_id = owner
        return Authorise(
            organization_id=organization_id,
            session_id=body.session_id,
            service=service,
            caller=body.caller,
            callee=body.callee,
            slice_seconds=None if slice_seconds is UNSET else slice_seconds,
            answered=body.answered is True,
            call_type=None if call_type is UNSET else call_type,
            user="" if user is UNSET else user,
            conference_id="" if conference_id is UNSET else conference_id,
            switch="" if body.switch is UNSET else body.switch,
        )

    def _build_start(self, body: StartBody, raw: bytes, tag_quotes: int) -> Reading:
        if not _names_a_session(body) or raw.count(_QUOTE) != 8 + tag_quotes:
            problem = explain("start", raw, tagged=tag_quotes > 0)
            if problem is not None:
                return problem
        return Start(organization_id=body.organization_id, session_id=body.session_id)

    def _build_update(self, body: UpdateBody, raw: bytes, tag_quotes: int) -> Reading:
        slice_seconds = body.slice_seconds
        quotes = 12 + tag_quotes
        fits = (
            _names_a_session(body)
            and 1 <= body.request_number <= REQUEST_NUMBER_MAX
            and 0 <= body.used_seconds <= USED_SECONDS_MAX
        )
        if slice_seconds is not UNSET:
            quotes += 2
            fits = fits and 1 <= slice_seconds <= SLICE_SECONDS_MAX
        if not fits or raw.count(_QUOTE) != quotes:
            problem = explain("update", raw, tagged=tag_quotes > 0)
            if problem is not None:
                return problem
        return Update(
            organization_id=body.organization_id,
            session_id=body.session_id,
            request_number=body.request_number,
            used_seconds=body.used_seconds,
            slice_seconds=None if slice_seconds is UNSET else slice_seconds,
        )

    def _build_end(self, body: EndBody, raw: bytes, tag_quotes: int) -> Reading:
        cause = body.cause
        quotes = 10 + tag_quotes
        fits = _names_a_session(body) and 0 <= body.used_seconds <= USED_SECONDS_MAX
        if cause is UNSET:
            cause = ""
        else:
            quotes += 4
            fits = fits and cause_is_fit(cause)
        if not fits or raw.count(_QUOTE) != quotes:
            problem = explain("end", raw, tagged=tag_quotes > 0)
            if problem is not None:
                return problem
        return End(
            organization_id=body.organization_id,
            session_id=body.session_id,
            used_seconds=body.used_seconds,
            cause=cause,
        )

    def _despite(self, command: str, raw: bytes, problem: Problem | None, error: Exception) -> Reading:
        """What is left to do with a body that could not be decoded: let an emergency through, or explain."""
        if command == "authorise":
            fields = object_or_empty(raw)
            if asks_for_emergency(fields, self._emergency_forms):
                return read_emergency(fields, self._organization_of)
        # The decoder and the table of fields agree (a test holds them to it); should they not, its word is shown.
        return problem or wrong_field(BODY_FIELD, "", f"what the decoder takes ({error})")


def _unknown_number(number: str) -> Problem:
    return refusal_problem(Refused(code=RefusalCode.UNKNOWN_NUMBER, facts={"number": number}))


def _names_a_session(body: StartBody | UpdateBody | EndBody) -> bool:
    return _is_organization_id(body.organization_id) is not None and _is_session_id(body.session_id) is not None
