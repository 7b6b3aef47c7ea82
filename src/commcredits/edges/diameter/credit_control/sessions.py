"""Session charging: INITIAL, UPDATE and TERMINATION requests (RFC 8506 §5).

Knows what each request does to each of its groups. Refuses to know octets, and how a forgotten session is found
(commcredits.edges.diameter.credit_control.finding): what it is given is known, or new.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import Authorise, End, Start, Update
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused
from commcredits.edges.diameter.credit_control import calls
from commcredits.edges.diameter.credit_control.counting import UsedSeconds
from commcredits.edges.diameter.credit_control.dialogues import Dialogue, Dialogues, GroupState, base_of, call_id_of
from commcredits.edges.diameter.credit_control.dictionary import CreditResult, RequestType
from commcredits.edges.diameter.credit_control.exchange import Exchange, Send
from commcredits.edges.diameter.credit_control.reading import CreditControlRequest, Group
from commcredits.edges.diameter.credit_control.results import RESULTS, is_temporary
from commcredits.edges.diameter.credit_control.writing import GroupAnswer
from commcredits.edges.diameter.dictionary import ResultCode
from commcredits.edges.diameter.messages import Identity
from commcredits.edges.diameter.ports import Peer
from commcredits.operations.charging import EMERGENCY_GRANT, ChargingDesk, Emergency

OVERTAKEN_MAX: Final = 10_000
"""Of so many ends it is remembered that they came before their beginning."""

CAUSES: Final[Mapping[int, str]] = {
    1: "normal",
    2: "service_not_provided",
    3: "bad_answer",
    4: "administrative",
    5: "link_broken",
    6: "auth_expired",
    7: "user_moved",
    8: "session_timeout",
}
"""Termination-Cause (RFC 6733 §8.15) in the words of calls."""

_CUT: Final = "cut"
_OUT_OF_CREDIT: Final = "credit_ended"


class Sessions:
    """The sessions of all clients of one process."""

    def __init__(self, *, desk: ChargingDesk, terms: ChargingTerms, identity: Identity, threshold_seconds: int) -> None:
        self.dialogues = Dialogues()
        self._desk = desk
        self._identity = identity
        self._threshold_seconds = threshold_seconds
        self._ring_seconds = terms.ring_seconds_max
        self._overtaken: OrderedDict[tuple[str, str], dict[str, int]] = OrderedDict()

    # ---- the three requests -----------------------------------------------------------------------------------------

    def begin(self, peer: Peer, request: CreditControlRequest, send: Send) -> None:
        """INITIAL_REQUEST: authorise each group.

        A Session-Id that is taken goes to the core like any other, which repeats its first answer or says that there is
        a conflict; what is remembered of the session stays as it is.
        """
        known = self.dialogues.find(request.session_id)
        dialogue = Dialogue(request.session_id, request.origin_host, "", request.number)
        exchange = Exchange(request, dialogue, self._identity, send, self._begun)
        if known is None:
            dialogue.peer = peer
            dialogue.expect(request.type, request.number, exchange.reply)
            self.dialogues.keep(dialogue)
        base = base_of(request.session_id)
        for index, group in enumerate(request.groups):
            self._authorise(exchange, index, group, call_id_of(base, group.label))

    def update(self, peer: Peer, dialogue: Dialogue, request: CreditControlRequest, send: Send) -> None:
        """UPDATE_REQUEST: charge what each group has used, and give it more."""
        dialogue.peer = peer
        gap = dialogue.note(request.number)
        exchange = Exchange(request, dialogue, self._identity, send, self._updated)
        dialogue.expect(request.type, request.number, exchange.reply)
        asked = {group.label for group in request.groups}
        exchange.spared = any(not state.ended for label, state in dialogue.groups.items() if label not in asked)
        for index, group in enumerate(request.groups):
            state = dialogue.groups.get(group.label)
            if state is not None:
                self._update(exchange, index, group, state, gap=gap)
            elif group.used:
                # Units of a group that nobody has authorised: nothing says what they cost.
                exchange.settle(index, GroupAnswer(result=CreditResult.RATING_FAILED, code="unknown_rating_group"))
            else:
                self._authorise(exchange, index, group, call_id_of(base_of(request.session_id), group.label))

    def end(self, peer: Peer, dialogue: Dialogue, request: CreditControlRequest, send: Send) -> None:
        """TERMINATION_REQUEST: charge the last units, and end every group, also those that are not named."""
        dialogue.peer = peer
        gap = dialogue.note(request.number)
        exchange = Exchange(request, dialogue, self._identity, send, self._ended)
        dialogue.expect(request.type, request.number, exchange.reply)
        cause = CAUSES.get(request.termination_cause or 0, "")
        named: list[GroupState | None] = []
        for index, group in enumerate(request.groups):
            state = self._state_for_end(dialogue, group)
            named.append(state)
            if state is None:
                exchange.settle(index, GroupAnswer(result=ResultCode.UNKNOWN_SESSION_ID, code="unknown_session"))
            else:
                self._end(exchange, index, group, state, cause, gap=gap)
        for state in dialogue.groups.values():
            if state not in named and not state.ended:
                self._close(dialogue, state, cause)

    def end_unknown(self, request: CreditControlRequest) -> None:
        """A TERMINATION_REQUEST of a session that nobody knows: its beginning may still be on its way."""
        self._overtaken[request.origin_host, request.session_id] = {
            group.label: group.used or 0 for group in request.groups
        }
        if len(self._overtaken) > OVERTAKEN_MAX:
            self._overtaken.popitem(last=False)

    # ---- a group that begins ----------------------------------------------------------------------------------------

    def _authorise(self, exchange: Exchange, index: int, group: Group, call_id: str) -> None:
        request = exchange.request
        if group.untimed:
            exchange.settle(index, GroupAnswer(result=CreditResult.RATING_FAILED, code="units_are_not_seconds"))
            return
        identified = calls.identify(self._desk, request.with_parties(), call_id, group.requested)
        if isinstance(identified, Refused):
            exchange.settle(index, refusal(identified, calls.failed_avps(identified)))
            return
        state = GroupState(call_id, UsedSeconds())
        state.used.newest = request.number if request.type is RequestType.UPDATE else 0
        exchange.dialogue.groups[group.label] = state
        if isinstance(identified, Emergency):
            state.emergency = True
            if identified.command is not None:
                exchange.dialogue.organization_id = identified.command.organization_id
            self._desk.record(identified)
            exchange.settle(index, emergency_answer())
            return
        exchange.dialogue.organization_id = identified.organization_id
        self._desk.submit(identified, partial(self._authorised, exchange, index, group, state, identified))

    def _authorised(
        self, exchange: Exchange, index: int, group: Group, state: GroupState, command: Authorise, outcome: Outcome
    ) -> None:
        if isinstance(outcome, Granted):
            state.take_grant(outcome)
            request = exchange.request
            used = self._overtaken.get((request.origin_host, request.session_id), {}).get(group.label)
            if used is None:
                exchange.settle(index, self._granted(outcome, 0, ringing=True))
                return
            # Its end came first: the session is over, and what it used is in the books.
            state.used.report(1, used, self._desk.clock())
            self._close(exchange.dialogue, state, "", command.organization_id)
            exchange.settle(index, GroupAnswer(result=ResultCode.UNABLE_TO_COMPLY, code="ended_before"))
            return
        state.ended = True
        exchange.settle(index, refusal(outcome))

    def _begun(self, exchange: Exchange, result: int) -> None:
        dialogue = exchange.dialogue
        if self.dialogues.find(dialogue.session_id) is not dialogue:
            return
        if is_temporary(result):
            self.dialogues.forget(dialogue)
        elif dialogue.is_over:
            self.dialogues.end(dialogue)

    # ---- a group that goes on ---------------------------------------------------------------------------------------

    def _update(self, exchange: Exchange, index: int, group: Group, state: GroupState, *, gap: bool) -> None:
        request, dialogue = exchange.request, exchange.dialogue
        late = request.number < state.used.newest
        whole = state.used.report(request.number, group.used or 0, self._counted_at(request), gap=gap)
        if state.emergency:
            if dialogue.organization_id:
                self._desk.submit(_update_of(dialogue, state, request.number, whole, None), _not_heard)
            exchange.settle(index, emergency_answer())
            return
        if group.final and group.requested is None:
            self._end_now(exchange, index, state, whole, "normal")
            return
        if not state.started and (parties := request.with_parties().parties) is not None and parties.answered:
            state.started = True
            self._desk.submit(Start(organization_id=dialogue.organization_id, session_id=state.session_id), _not_heard)
        if late:
            # Its seconds are counted, and the next report charges them: the core has heard of a later one already.
            exchange.settle(index, self._left(state, group))
            return
        # Where no units are asked for, none are given; the core is asked for one second, so that it holds no more.
        wanted = 1 if state.cutting is not None or _wants_nothing(group) else calls.slice_of(group.requested)
        command = _update_of(dialogue, state, request.number, whole, wanted)
        self._desk.submit(command, partial(self._extended, exchange, index, group, state, whole))

    def _extended(
        self, exchange: Exchange, index: int, group: Group, state: GroupState, whole: int, outcome: Outcome
    ) -> None:
        if isinstance(outcome, Granted):
            state.take_grant(outcome)
            state.started = state.started or whole > 0
            if state.cutting is not None:
                state.cutting()
                exchange.settle(index, GroupAnswer(result=CreditResult.END_USER_SERVICE_DENIED, code=_CUT))
            elif _wants_nothing(group):
                exchange.settle(index, GroupAnswer())
            else:
                exchange.settle(index, self._granted(outcome, whole, ringing=not state.started))
        elif isinstance(outcome, Refused) and outcome.code is RefusalCode.STALE_REQUEST:
            exchange.settle(index, self._left(state, group))
        else:
            exchange.settle(index, refusal(outcome))

    def _updated(self, exchange: Exchange, result: int) -> None:
        """A refused update is the end of its session: a client says nothing more of it (RFC 8506 §7)."""
        dialogue = exchange.dialogue
        if is_temporary(result):
            dialogue.replies.pop((exchange.request.type, exchange.request.number), None)
        elif result in (CreditResult.CREDIT_LIMIT_REACHED, CreditResult.END_USER_SERVICE_DENIED):
            cause = _OUT_OF_CREDIT if result == CreditResult.CREDIT_LIMIT_REACHED else _CUT
            for state in dialogue.groups.values():
                if not state.ended:
                    self._close(dialogue, state, cause)
        if dialogue.is_over:
            self.dialogues.end(dialogue)

    # ---- a group that ends ------------------------------------------------------------------------------------------

    @staticmethod
    def _state_for_end(dialogue: Dialogue, group: Group) -> GroupState | None:
        """The group's own, or the session's first where a client that had groups ends without naming any."""
        state = dialogue.groups.get(group.label)
        if state is None and not group.label:
            return next(iter(dialogue.groups.values()), None)
        return state

    def _end(self, exchange: Exchange, index: int, group: Group, state: GroupState, cause: str, *, gap: bool) -> None:
        request = exchange.request
        whole = state.used.report(request.number, group.used or 0, self._counted_at(request), gap=gap)
        self._end_now(exchange, index, state, whole, cause)

    def _end_now(self, exchange: Exchange, index: int, state: GroupState, whole: int, cause: str) -> None:
        organization_id = exchange.dialogue.organization_id
        if not organization_id:
            # An emergency call of nobody whom we know has no record to end.
            state.ended = True
            exchange.settle(index, GroupAnswer())
            return
        command = End(organization_id=organization_id, session_id=state.session_id, used_seconds=whole, cause=cause)
        self._desk.submit(command, partial(self._over, exchange, index, state))

    def _over(self, exchange: Exchange, index: int, state: GroupState, outcome: Outcome) -> None:
        if isinstance(outcome, Ended):
            state.ended = True
            exchange.settle(index, GroupAnswer(cost_micros=outcome.charged_micros, currency=outcome.currency))
        elif state.emergency:
            state.ended = True
            exchange.settle(index, GroupAnswer())
        else:
            exchange.settle(index, refusal(outcome))

    def _ended(self, exchange: Exchange, result: int) -> None:
        if is_temporary(result):
            exchange.dialogue.replies.pop((exchange.request.type, exchange.request.number), None)
            return
        for state in exchange.dialogue.groups.values():
            state.ended = True
        self.dialogues.end(exchange.dialogue)

    def _close(self, dialogue: Dialogue, state: GroupState, cause: str, organization_id: str = "") -> None:
        """End a group for which no answer waits, with what is known of it."""
        state.ended = True
        organization_id = organization_id or dialogue.organization_id
        if organization_id:
            command = End(
                organization_id=organization_id,
                session_id=state.session_id,
                used_seconds=state.used.seconds,
                cause=cause,
            )
            self._desk.submit(command, _not_heard)

    # ---- answers ----------------------------------------------------------------------------------------------------

    def _granted(self, granted: Granted, whole: int, *, ringing: bool) -> GroupAnswer:
        """The rest of a grant, from what the client has reported; nothing is left where all of it is used up.

        Whoever may still be ringing is given that time on top: units are counted from the answer, but their validity
        from now, and units that outlive it would be asked for again unused.
        """
        left = granted.granted_seconds - whole
        if left <= 0:
            return GroupAnswer(result=CreditResult.CREDIT_LIMIT_REACHED, code=RefusalCode.INSUFFICIENT_FUNDS.value)
        return GroupAnswer(
            granted=left,
            valid_seconds=max(granted.valid_seconds, left) + (self._ring_seconds if ringing else 0),
            threshold_seconds=0 if granted.final else min(self._threshold_seconds, left // 2),
            final=granted.final,
        )

    def _left(self, state: GroupState, group: Group) -> GroupAnswer:
        """What is left of the latest grant, for a request that a later one has overtaken."""
        if _wants_nothing(group):
            return GroupAnswer()
        left = state.granted_seconds - state.used.seconds
        return GroupAnswer(granted=left, valid_seconds=left) if left > 0 else GroupAnswer()

    def _counted_at(self, request: CreditControlRequest) -> datetime:
        """When the client counted: by its own clock where it says so, but never later than now."""
        now = self._desk.clock()
        return now if request.event_at is None else min(now, request.event_at)


def refusal(outcome: Outcome, failed: bytes = b"") -> GroupAnswer:
    """The answer to a group that was refused; an outcome that cannot be is a bug, and told as one."""
    code = outcome.code if isinstance(outcome, Refused) else RefusalCode.INTERNAL_ERROR
    return GroupAnswer(result=RESULTS[code], code=code.value, failed=failed)


def emergency_answer() -> GroupAnswer:
    """A day, free, without an end."""
    return GroupAnswer(granted=EMERGENCY_GRANT.granted_seconds, valid_seconds=EMERGENCY_GRANT.valid_seconds)


def _wants_nothing(group: Group) -> bool:
    """Whether a group asks for no units: then it is given none (RFC 8506 §8.16). Without a group, that is left open."""
    return bool(group.label) and group.requested is None


def _update_of(dialogue: Dialogue, state: GroupState, number: int, whole: int, wanted: int | None) -> Update:
    return Update(
        organization_id=dialogue.organization_id,
        session_id=state.session_id,
        request_number=number,
        used_seconds=whole,
        slice_seconds=wanted,
    )


def _not_heard(_outcome: Outcome) -> None:
    """Nobody waits for the outcome."""
