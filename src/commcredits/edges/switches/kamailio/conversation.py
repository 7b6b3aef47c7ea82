"""What is answered to each thing that Kamailio says: messages → commands of the core, and outcomes → messages.

Knows the verbs of the link, and what a report without an organization means. Refuses to know sockets, frames and when
a link is up (commcredits.edges.switches.kamailio.link).
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

import msgspec
import structlog

from commcredits.core.commands import Authorise, CallType, End, Service, Start, Update
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused, Started
from commcredits.edges.switches.kamailio.limits import LinkLimits
from commcredits.edges.switches.kamailio.messages import (
    Asked,
    DoExtend,
    DoGrant,
    Done,
    DoRefuse,
    DoStay,
    DoTold,
    SaysAuthorise,
    SaysCalls,
    SaysCut,
    SaysEnd,
    SaysListed,
    SaysPong,
    SaysStart,
    SaysUpdate,
    TransactionNumber,
    decode_said,
)
from commcredits.edges.switches.kamailio.refusals import STATUSES, is_temporary
from commcredits.operations.charging import (
    EMERGENCY_GRANT,
    SESSION_ID,
    SLICE_SECONDS_MAX,
    CallRequest,
    ChargingDesk,
    Emergency,
    Identified,
)
from commcredits.operations.inputs import is_identifier

_CAUSE_CHARACTERS_MAX: Final = 64
_PLACE: Final = re.compile(r"at `(\$[A-Za-z_.]{1,40})`", re.ASCII)
_BUSY: Final = Refused(code=RefusalCode.BUSY)
_BROKEN: Final = Refused(code=RefusalCode.INTERNAL_ERROR)

Reported = SaysStart | SaysEnd


class LinkEvents(Protocol):
    """Whom the rest of what is said concerns: the link itself."""

    def pong(self, said: SaysPong) -> None:
        """The other end hears us."""
        ...

    def cut(self, said: SaysCut) -> None:
        """An order to cut was taken."""
        ...

    def calls(self, said: SaysCalls) -> None:
        """A part of a list of calls."""
        ...

    def listed(self, said: SaysListed) -> None:
        """A list of calls has ended."""
        ...


class Conversation:
    """One link's side of the talk. Takes at most ``in_flight_max`` commands at once."""

    __slots__ = ("_desk", "_events", "_limits", "_log", "_misunderstood", "_send", "_switch", "in_flight", "open")

    def __init__(
        self,
        desk: ChargingDesk,
        *,
        switch: str,
        send: Callable[[Done], None],
        events: LinkEvents,
        limits: LinkLimits,
    ) -> None:
        self._desk = desk
        self._switch = switch
        self._send = send
        self._events = events
        self._limits = limits
        self._misunderstood = 0
        self._log = structlog.get_logger("kamailio").bind(switch=switch)
        self.in_flight = 0
        self.open = True

    def hear(self, message: bytes) -> None:
        """One message. Never raises: what nobody understands is logged and changes nothing."""
        try:
            said = decode_said(message)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            self._misunderstand(message, error)
            return
        try:
            match said:
                case SaysAuthorise():
                    self._authorise(said)
                case SaysUpdate():
                    self._update(said)
                case SaysStart() | SaysEnd():
                    self._report(said)
                case SaysPong():
                    self._events.pong(said)
                case SaysCut():
                    self._events.cut(said)
                case SaysCalls():
                    self._events.calls(said)
                case SaysListed():
                    self._events.listed(said)
        except Exception as error:  # noqa: BLE001 # a bug met in one message may not take the link with it
            self._failed("a message could not be served", error)

    # ---- may this call be made? ------------------------------------------------------------------------------------

    def _authorise(self, said: SaysAuthorise) -> None:
        identified = self._identify(said)
        if type(identified) is Authorise:
            if self._full():
                self._refuse(said.tindex, said.tlabel, _BUSY)
                return
            self._submit(identified, partial(self._authorised, said, identified.organization_id))
        elif isinstance(identified, Refused):
            self._refuse(said.tindex, said.tlabel, identified)
        else:
            assert isinstance(identified, Emergency)
            self._let_through(said.tindex, said.tlabel, identified)

    def _authorised(self, said: SaysAuthorise, organization_id: str, outcome: Outcome) -> None:
        if isinstance(outcome, Granted):
            self._send(DoGrant(said.tindex, said.tlabel, said.session_id, outcome.granted_seconds, organization_id))
        else:
            self._refuse(said.tindex, said.tlabel, outcome if isinstance(outcome, Refused) else _BROKEN)

    def _refuse(self, tindex: int, tlabel: int, refused: Refused) -> None:
        self._send(DoRefuse(tindex, tlabel, STATUSES[refused.code], refused.code.value))

    def _let_through(self, tindex: int, tlabel: int, emergency: Emergency) -> None:
        self._desk.record(emergency)
        organization_id = "" if emergency.command is None else emergency.command.organization_id
        self._send(DoGrant(tindex, tlabel, emergency.session_id, EMERGENCY_GRANT.granted_seconds, organization_id))

    def _identify(self, asked: SaysAuthorise | Asked) -> Identified:
        identified = self._desk.identify(
            CallRequest(
                session_id=asked.session_id,
                caller=asked.caller,
                callee=asked.callee,
                switch=self._switch,
                organization_id=asked.organization_id,
                service=asked.service,
                call_type=asked.call_type,
                user=asked.user,
                conference_id=asked.conference_id,
                slice_seconds=asked.slice_seconds,
            )
        )
        return _unlinked(identified) if isinstance(identified, Emergency) else identified

    # ---- more, and the end -----------------------------------------------------------------------------------------

    def _update(self, said: SaysUpdate) -> None:
        slice_seconds = said.slice_seconds
        fits = slice_seconds is None or 1 <= slice_seconds <= SLICE_SECONDS_MAX
        if not (fits and _names_a_call(said.session_id, said.organization_id)):
            self._log.warning("an update names no call")
        elif self._full():
            self._send(DoStay(said.session_id, RefusalCode.BUSY.value))  # it asks again before its grant ends
        else:
            self._submit(
                Update(
                    organization_id=said.organization_id,
                    session_id=said.session_id,
                    request_number=said.request_number,
                    used_seconds=said.used_seconds,
                    slice_seconds=slice_seconds,
                ),
                partial(self._updated, said.session_id),
            )

    def _updated(self, session_id: str, outcome: Outcome) -> None:
        if isinstance(outcome, Granted):
            self._send(DoExtend(session_id, outcome.granted_seconds))
        else:
            refused = outcome if isinstance(outcome, Refused) else _BROKEN
            self._send(DoStay(session_id, refused.code.value))

    def _report(self, said: Reported) -> None:
        if self._full():
            return  # it was not taken: it comes again
        if said.authorise is not None:
            self._report_of_the_unasked(said, said.authorise)
        elif _names_a_call(said.session_id, said.organization_id):
            self._submit(_command_of(said, said.organization_id, said.session_id), partial(self._reported, said))
        else:
            self._log.warning("a report names no call", report=said.report)
            self._send(DoTold(said.report))

    def _report_of_the_unasked(self, said: Reported, asked: Asked) -> None:
        """The report of a call whose organization Kamailio does not know: an emergency, or one we never answered."""
        identified = self._identify(asked)
        if isinstance(identified, Authorise):
            # Whatever was held for it is let go. Where we never heard of it there is nothing to let go.
            command = _command_of(said, identified.organization_id, identified.session_id)
            self._submit(command, partial(self._reported, said))
        elif isinstance(identified, Emergency) and identified.command is not None:
            self._submit(identified.command, partial(self._emergency_recorded, said, identified.command))
        else:
            if isinstance(identified, Emergency):
                self._desk.record(identified)
            self._send(DoTold(said.report))

    def _emergency_recorded(self, said: Reported, command: Authorise, outcome: Outcome) -> None:
        if isinstance(outcome, Refused) and is_temporary(outcome.code):
            return
        self._submit(_command_of(said, command.organization_id, command.session_id), partial(self._reported, said))

    def _reported(self, said: Reported, outcome: Outcome) -> None:
        if isinstance(outcome, Refused):
            if is_temporary(outcome.code):
                return
            if outcome.code is not RefusalCode.SESSION_ENDED and said.authorise is None:
                self._log.warning("a report was refused", report=said.report, code=outcome.code.value)
        elif not isinstance(outcome, Started | Ended):
            return
        self._send(DoTold(said.report))

    # ---- what cannot be served -------------------------------------------------------------------------------------

    def _full(self) -> bool:
        return self.in_flight >= self._limits.in_flight_max or not self.open

    def _submit(self, command: Authorise | Start | Update | End, settle: Callable[[Outcome], None]) -> None:
        self.in_flight += 1
        self._desk.submit(command, partial(self._settled, settle))

    def _settled(self, settle: Callable[[Outcome], None], outcome: Outcome) -> None:
        self.in_flight -= 1
        try:
            settle(outcome)
        except Exception as error:  # noqa: BLE001 # the committer that calls back serves everybody
            self._failed("an outcome could not be told", error)

    def _misunderstand(self, message: bytes, error: Exception) -> None:
        """A message of another shape: an INVITE that waits for it is answered all the same, and emergencies pass."""
        self._misunderstood += 1
        if self._misunderstood.bit_count() == 1:  # the first, the second, the fourth …: a flood stays readable
            self._log.warning("a message was not understood", times=self._misunderstood, reason=_place_of(error))
        try:
            fields = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
        if not isinstance(fields, dict) or fields.get("say") != "authorise":
            return
        try:
            tindex, tlabel = (msgspec.convert(fields.get(name), TransactionNumber) for name in ("tindex", "tlabel"))
        except msgspec.ValidationError:
            return
        identified = _unlinked_if_emergency(self._desk.identify(_request_of(fields, self._switch)))
        if isinstance(identified, Emergency):
            self._let_through(tindex, tlabel, identified)
        else:
            self._refuse(tindex, tlabel, Refused(code=RefusalCode.INVALID_INPUT))

    def _failed(self, event: str, error: Exception) -> None:
        # Frames and the kind alone: what an exception says can hold a telephone number.
        frames = "".join(traceback.format_tb(error.__traceback__))
        self._log.error(event, error=type(error).__name__, traceback=frames)


def _command_of(said: Reported, organization_id: str, session_id: str) -> Start | End:
    if isinstance(said, SaysStart):
        return Start(organization_id=organization_id, session_id=session_id)
    return End(
        organization_id=organization_id,
        session_id=session_id,
        used_seconds=said.used_seconds,
        cause=said.cause if len(said.cause) <= _CAUSE_CHARACTERS_MAX and said.cause.isprintable() else "",
    )


def _names_a_call(session_id: str, organization_id: str) -> bool:
    return SESSION_ID.fullmatch(session_id) is not None and is_identifier(organization_id)


def _request_of(fields: dict[str, Any], switch: str) -> CallRequest:
    """The texts among these fields as a request; whether they are right, nobody has said."""

    def text(name: str) -> str:
        value = fields.get(name)
        return value if isinstance(value, str) else ""

    return CallRequest(
        session_id=text("session_id"),
        caller=text("caller"),
        callee=text("callee"),
        switch=switch,
        organization_id=text("organization_id"),
        service=Service.EMERGENCY if fields.get("service") == Service.EMERGENCY else None,
        call_type=CallType.EMERGENCY_OUT if fields.get("call_type") == CallType.EMERGENCY_OUT else None,
    )


def _unlinked_if_emergency(identified: Identified) -> Identified:
    return _unlinked(identified) if isinstance(identified, Emergency) else identified


def _unlinked(emergency: Emergency) -> Emergency:
    """The same without the link: Kamailio lists no emergency calls, and nobody may be told to cut one."""
    if emergency.command is None:
        return emergency
    command = msgspec.structs.replace(emergency.command, switch="")
    return msgspec.structs.replace(emergency, command=command)


def _place_of(error: Exception) -> str:
    """The kind of an error and the field that it is about, never a value."""
    found = _PLACE.search(str(error))
    return type(error).__name__ if found is None else f"{type(error).__name__} at {found[1]}"
