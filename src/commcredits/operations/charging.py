"""What every charging edge needs besides its wire: whose call it is, emergencies that always pass, and the committer.

Knows which of a call's two numbers is the organization's, and that an emergency call waits for nobody. Refuses to know
protocols, and to decide about money: the commands that it hands on do.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Final, Protocol

import structlog
from msgspec import Struct

from commcredits.core.call_types import agree, service_of
from commcredits.core.commands import Authorise, CallType, End, Service, Start, Update
from commcredits.core.numbers import E164, EMERGENCY_NUMBERS
from commcredits.core.outcomes import Granted, Outcome, RefusalCode, Refused
from commcredits.operations.inputs import is_identifier
from commcredits.storage.connection import Pool, load_statement

SESSION_ID: Final = re.compile(r"[!-~]{1,128}", re.ASCII)
"""What a call's id may be."""

CONFERENCE_ID: Final = re.compile(r"[!-~]{1,64}", re.ASCII)
SWITCH: Final = re.compile(r"[a-z]{1,16}:[A-Za-z0-9._-]{1,255}", re.ASCII)
"""A link that calls are told over: its protocol, and the switch's name."""

SLICE_SECONDS_MAX: Final = 14_400
USER_CHARACTERS_MAX: Final = 320
"""A mail address: 64 characters, an at sign, 255 characters (RFC 5321 §4.5.3.1)."""

EMERGENCY_GRANT: Final = Granted(
    grant_number=1,
    granted_seconds=86_400,
    valid_seconds=86_400,
    final=False,
    charged_micros=0,
    held_micros=0,
    currency="XXX",
)
"""The answer to every emergency call: a day, free, in no currency (ISO 4217's code for that)."""

ChargingCommand = Authorise | Start | Update | End
"""The commands that switches cause."""

_INBOUND: Final = (Service.TOLL_FREE_IN, Service.TOLL_IN)
_SESSION_ID_CHARACTERS_MAX: Final = 128
_PARTY_CHARACTERS_MAX: Final = 32
_UNFIT: Final = re.compile(r"[^!-~]", re.ASCII)
_log: Final = structlog.get_logger("charging")


class CallRequest(Struct, frozen=True, kw_only=True, gc=False):
    """What a switch tells of a call that it wants to make, in the words of ``Authorise``, checked by nobody yet.

    ``caller`` and ``callee`` as +E.164, or an emergency number as it was dialled. Without ``organization_id`` the
    organization is whose the number is: the called one for inbound services, else the caller's. ``switch`` is the link
    that the call is told over, as ``diameter:<name>``.
    """

    session_id: str
    caller: str
    callee: str
    switch: str
    organization_id: str = ""
    service: Service | None = None
    call_type: CallType | None = None
    user: str = ""
    conference_id: str = ""
    slice_seconds: int | None = None
    answered: bool = False


class Emergency(Struct, frozen=True, kw_only=True, gc=False):
    """A call that goes through at once, by EMERGENCY_GRANT; ``command`` records it, None where too little is known."""

    session_id: str
    command: Authorise | None


Identified = Authorise | Emergency | Refused


class Submitter(Protocol):
    """Takes a command and answers once it is durable; ``storage.committer.Committer`` is the one there is."""

    def submit(self, command: ChargingCommand, callback: Callable[[Outcome], None]) -> None:
        """Queue the command; ``callback`` is called exactly once, in the event loop's thread, at once or later.

        Never raises: a full queue answers ``Refused(code=BUSY)`` like any other refusal.
        """
        ...


class Directory(Protocol):
    """Knows which organization each telephone number belongs to."""

    def organization_of(self, e164: str) -> str | None:
        """The id of the organization that owns the number, from memory; None when nobody does."""
        ...


class ChargingDesk:
    """What an edge asks. One per process; belongs to the event loop that the committer runs in."""

    __slots__ = ("_directory", "_emergency_forms", "_pool", "_shard_id", "_submitter", "clock")

    def __init__(
        self,
        *,
        submitter: Submitter,
        directory: Directory,
        pool: Pool,
        shard_id: int,
        clock: Callable[[], datetime],
        emergency_numbers: Iterable[str] = EMERGENCY_NUMBERS,
    ) -> None:
        self._submitter = submitter
        self._directory = directory
        self._pool = pool
        self._shard_id = shard_id
        self._emergency_forms = emergency_forms(emergency_numbers)
        self.clock = clock

    def identify(self, request: CallRequest) -> Identified:
        """The command that asks for this call, or why there is none: bad fields, a number that nobody has.

        An emergency is let through whatever else is wrong with the request (domain.md §5, row 20).
        """
        service, call_type = request.service, request.call_type
        if (
            service is Service.EMERGENCY
            or call_type is CallType.EMERGENCY_OUT
            or request.callee in self._emergency_forms
        ):
            return self._emergency(request)
        wrong = _wrong_field(request)
        if wrong is not None:
            return wrong
        if call_type is not None:
            if service is not None and not agree(call_type, service):
                return _invalid("service", service.value, f"one that goes with {call_type.value}")
            service = service or service_of(call_type)
        service = service or Service.OUTBOUND
        organization_id = request.organization_id
        if not organization_id:
            own = request.callee if service in _INBOUND else request.caller
            found = self._directory.organization_of(own)
            if found is None:
                return Refused(code=RefusalCode.UNKNOWN_NUMBER, facts={"number": own})
            organization_id = found
        return Authorise(
            organization_id=organization_id,
            session_id=request.session_id,
            service=service,
            caller=request.caller,
            callee=request.callee,
            slice_seconds=request.slice_seconds,
            answered=request.answered,
            call_type=call_type,
            user=request.user,
            conference_id=request.conference_id,
            switch=request.switch,
        )

    def submit(self, command: ChargingCommand, callback: Callable[[Outcome], None]) -> None:
        """Queue a command; see Submitter."""
        self._submitter.submit(command, callback)

    async def execute(self, command: ChargingCommand) -> Outcome:
        """The outcome of a command, once it is durable."""
        answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._submitter.submit(command, lambda outcome: None if answered.done() else answered.set_result(outcome))
        return await answered

    async def authorise(self, request: CallRequest) -> tuple[str, Granted | Refused]:
        """Ask for a call and wait: the organization's id, empty where nobody's, and what it may do.

        An emergency is granted at once and recorded afterwards.
        """
        identified = self.identify(request)
        if isinstance(identified, Refused):
            return "", identified
        if isinstance(identified, Emergency):
            self.record(identified)
            return "" if identified.command is None else identified.command.organization_id, EMERGENCY_GRANT
        outcome = await self.execute(identified)
        assert isinstance(outcome, Granted | Refused), "a call that is asked for is granted or refused"
        return identified.organization_id, outcome

    def record(self, call: Emergency) -> None:
        """Leave the record of an emergency call that was let through; nobody waits for it."""
        if call.command is None:
            _log.warning("emergency call let through without a record", session_id=call.session_id)
        else:
            self._submitter.submit(call.command, partial(_recorded, call.session_id))

    async def find_organization(self, session_id: str, switch: str) -> str | None:
        """Whose running call this is at that switch, asked of the database: for an edge that has forgotten.

        None when no running call of the switch has this id. Raises what the driver raises.
        """
        found = await self._pool.fetchval(load_statement("find_live_call"), self._shard_id, session_id, switch)
        return None if found is None else str(found)

    def _emergency(self, request: CallRequest) -> Emergency:
        session_id = _plain(request.session_id, _SESSION_ID_CHARACTERS_MAX)
        caller = _plain(request.caller, _PARTY_CHARACTERS_MAX)
        organization_id = request.organization_id or self._directory.organization_of(caller) or ""
        if not is_identifier(organization_id) or SESSION_ID.fullmatch(request.session_id) is None:
            return Emergency(session_id=session_id, command=None)
        command = Authorise(
            organization_id=organization_id,
            session_id=session_id,
            service=Service.EMERGENCY,
            caller=caller,
            callee=_plain(request.callee, _PARTY_CHARACTERS_MAX),
            slice_seconds=EMERGENCY_GRANT.granted_seconds,
            answered=request.answered,
            switch=request.switch,
        )
        return Emergency(session_id=session_id, command=command)


def emergency_forms(numbers: Iterable[str]) -> frozenset[str]:
    """The numbers as a callee may be written: as they are, and with a plus sign before them."""
    return frozenset(form for number in numbers for form in (number, f"+{number.removeprefix('+')}"))


def user_is_fit(text: str) -> bool:
    """Whether the text can name somebody: no longer than any name is, and without control characters."""
    return 1 <= len(text) <= USER_CHARACTERS_MAX and text.isprintable()


def fit_session_id(*parts: str) -> str:
    """A call's id out of what makes it unique at its switch, such as the switch's name and its own id of the call.

    Always fit: what no id may hold is replaced, and what is too long ends in a digest of the whole instead.
    """
    whole = "~".join(parts)
    fit = _UNFIT.sub("_", whole)
    if fit == whole and 1 <= len(fit) <= _SESSION_ID_CHARACTERS_MAX:
        return fit
    digest = blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"{fit[: _SESSION_ID_CHARACTERS_MAX - len(digest) - 1]}~{digest}"


def _wrong_field(request: CallRequest) -> Refused | None:
    if SESSION_ID.fullmatch(request.session_id) is None:
        return _invalid("session_id", request.session_id, "1 to 128 visible ASCII characters")
    for name, number in (("caller", request.caller), ("callee", request.callee)):
        if E164.fullmatch(number) is None:
            return _invalid(name, number, "a number as +E.164, such as +40211234567")
    if request.user and not user_is_fit(request.user):
        return _invalid("user", request.user, f"1 to {USER_CHARACTERS_MAX} printable characters")
    if request.conference_id and CONFERENCE_ID.fullmatch(request.conference_id) is None:
        return _invalid("conference_id", request.conference_id, "1 to 64 visible ASCII characters")
    if request.slice_seconds is not None and not 1 <= request.slice_seconds <= SLICE_SECONDS_MAX:
        return _invalid("slice_seconds", str(request.slice_seconds), f"1 to {SLICE_SECONDS_MAX}")
    if request.organization_id and not is_identifier(request.organization_id):
        return _invalid("organization_id", request.organization_id, "a UUID in its canonical lower-case form")
    assert SWITCH.fullmatch(request.switch) is not None, "an edge names its links itself"
    return None


def _invalid(field: str, value: str, allowed: str) -> Refused:
    facts = {"field": field, "value": _plain(value, 64), "allowed": allowed}
    return Refused(code=RefusalCode.INVALID_INPUT, facts=facts)


def _plain(text: str, characters_max: int) -> str:
    """The printable ASCII of a text, cut to what a record holds."""
    return "".join(letter for letter in text[:characters_max] if letter.isascii() and letter.isprintable())


def _recorded(session_id: str, outcome: Outcome) -> None:
    if isinstance(outcome, Refused):
        _log.warning("emergency call let through without a record", session_id=session_id, code=outcome.code.value)
