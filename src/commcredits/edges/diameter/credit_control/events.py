"""Event charging: direct debiting, refunds, balance checks and price enquiries (RFC 8506 §6).

Knows what each action does for each group of a request. Refuses to know sessions. An event leaves nothing behind but
its answer, and the call that a debit is.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from functools import partial
from typing import Final

from commcredits.core.commands import Authorise, End, RefundCall
from commcredits.core.flags import DEBITED
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused
from commcredits.edges.diameter.avp_writing import write_octets
from commcredits.edges.diameter.credit_control import calls
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.credit_control.dialogues import Dialogue, Reply, base_of, call_id_of
from commcredits.edges.diameter.credit_control.dictionary import Action, CreditResult
from commcredits.edges.diameter.credit_control.exchange import Exchange, Send
from commcredits.edges.diameter.credit_control.finding import DATABASE_AWAY
from commcredits.edges.diameter.credit_control.reading import CreditControlRequest, Group
from commcredits.edges.diameter.credit_control.results import is_temporary
from commcredits.edges.diameter.credit_control.sessions import refusal
from commcredits.edges.diameter.credit_control.writing import GroupAnswer, write_balance
from commcredits.edges.diameter.failures import log_failure
from commcredits.edges.diameter.messages import Identity
from commcredits.operations.calls_in_progress import find_calls
from commcredits.operations.charging import SLICE_SECONDS_MAX, ChargingDesk, Emergency, fit_session_id
from commcredits.operations.inputs import is_identifier
from commcredits.operations.may_call import may_call
from commcredits.operations.rate_explaining import explain_rate
from commcredits.operations.services import Services

EVENTS_REMEMBERED_MAX: Final = 20_000
"""So many latest events get their answer again from memory; the core remembers debits and refunds for good."""

TASKS_MAX: Final = 64
"""So many questions beside charging are answered at once; a further one is told to come later."""

PRICED_SECONDS: Final = 60
"""What is priced where no units are asked about."""

_NOT_SECONDS: Final = GroupAnswer(result=CreditResult.RATING_FAILED, code="units_are_not_seconds")
_NOT_COVERED: Final = GroupAnswer(result=CreditResult.CREDIT_LIMIT_REACHED, code=RefusalCode.INSUFFICIENT_FUNDS.value)
_UNKNOWN_DEBIT: Final = GroupAnswer(
    result=CreditResult.RATING_FAILED,
    code="unknown_debit",
    failed=write_octets(cc.REFUND_INFORMATION, b"", mandatory=False),
)
_BUSY: Final = refusal(Refused(code=RefusalCode.BUSY))
_FAILED: Final = refusal(Refused(code=RefusalCode.INTERNAL_ERROR))
_NO_CURRENCY: Final = "XXX"


class Events:
    """The events of one process."""

    def __init__(self, *, desk: ChargingDesk, services: Services, identity: Identity) -> None:
        self._desk = desk
        self._services = services
        self._identity = identity
        self._replies: OrderedDict[tuple[str, str, int], Reply] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, request: CreditControlRequest, send: Send) -> None:
        """EVENT_REQUEST. The same one again gets the same answer (RFC 8506 §6.5)."""
        key = (request.origin_host, request.session_id, request.number)
        before = self._replies.get(key)
        if before is not None and before.content == request.content:
            if before.is_given:
                send(before)
            else:
                before.waiting.append(send)
            return
        dialogue = Dialogue(request.session_id, request.origin_host, "", request.number)
        exchange = Exchange(request, dialogue, self._identity, send, self._answered)
        if before is None:
            self._replies[key] = exchange.reply
            if len(self._replies) > EVENTS_REMEMBERED_MAX:
                self._replies.popitem(last=False)
        for index, group in enumerate(request.groups):
            match request.action:
                case Action.DIRECT_DEBITING:
                    self._debit(exchange, index, group)
                case Action.REFUND_ACCOUNT:
                    self._begin(exchange, index, self._refund(request, group))
                case Action.CHECK_BALANCE:
                    self._begin(exchange, index, self._check_balance(exchange, group))
                case _:
                    self._begin(exchange, index, self._price(request, group))

    async def close(self) -> None:
        """Wait for what is being answered."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _answered(self, exchange: Exchange, result: int) -> None:
        if is_temporary(result):
            request = exchange.request
            self._replies.pop((request.origin_host, request.session_id, request.number), None)

    def _begin(self, exchange: Exchange, index: int, work: Coroutine[None, None, GroupAnswer]) -> None:
        if len(self._tasks) >= TASKS_MAX:
            work.close()
            exchange.settle(index, _BUSY)
            return
        task = asyncio.create_task(_settle(exchange, index, work), name="diameter event")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- direct debiting --------------------------------------------------------------------------------------------

    def _debit(self, exchange: Exchange, index: int, group: Group) -> None:
        """All of the units or nothing: authorise them, and end at once with all of them, or with none."""
        request, requested = exchange.request, group.requested or 0
        if group.untimed or not 0 < requested <= SLICE_SECONDS_MAX:
            exchange.settle(index, _NOT_SECONDS)
            return
        identified = calls.identify(self._desk, request, event_id_of(request, group), requested)
        if isinstance(identified, Refused):
            exchange.settle(index, refusal(identified, calls.failed_avps(identified)))
        elif isinstance(identified, Emergency):
            self._desk.record(identified)
            exchange.settle(index, GroupAnswer(granted=requested))
        else:
            self._desk.submit(identified, partial(self._debitable, exchange, index, requested, identified))

    def _debitable(self, exchange: Exchange, index: int, requested: int, command: Authorise, outcome: Outcome) -> None:
        if not isinstance(outcome, Granted):
            exchange.settle(index, refusal(outcome))
            return
        covered = outcome.granted_seconds >= requested
        end = End(
            organization_id=command.organization_id,
            session_id=command.session_id,
            used_seconds=requested if covered else 0,
            cause=DEBITED if covered else "not_covered",
        )
        self._desk.submit(end, partial(_debited, exchange, index, end))

    # ---- refunds ----------------------------------------------------------------------------------------------------

    async def _refund(self, request: CreditControlRequest, group: Group) -> GroupAnswer:
        """Give back the debit that Refund-Information names: the units that are asked for, or all of it."""
        organization_id, _, call_id = group.refund.decode("ascii", "replace").partition(":")
        if not is_identifier(organization_id) or group.untimed:
            return _UNKNOWN_DEBIT
        found = await find_calls(self._services, session_ids=[call_id], organization_id=organization_id)
        debit = next((call for call in found if call.switch == calls.switch_of(request.origin_host)), None)
        if debit is None:
            return _UNKNOWN_DEBIT
        command_id = fit_session_id(request.session_id, str(request.number))
        used = debit.refunds.get(command_id)
        given_back = group.requested or 0
        if used is None:
            used = max(0, debit.used_seconds - group.requested) if group.requested else 0
            given_back = debit.used_seconds - used
        outcome = await self._services.executor.execute(
            RefundCall(organization_id=organization_id, session_id=call_id, command_id=command_id, used_seconds=used)
        )
        if not isinstance(outcome, Ended):
            return refusal(outcome)
        return GroupAnswer(
            granted=given_back,
            cost_micros=max(0, debit.charged_micros - outcome.charged_micros),
            currency=outcome.currency,
        )

    # ---- questions --------------------------------------------------------------------------------------------------

    async def _check_balance(self, exchange: Exchange, group: Group) -> GroupAnswer:
        """Whether the call could be made now for as long as is asked. Nothing is held."""
        identified = calls.identify(self._desk, exchange.request, "balance", None)
        if isinstance(identified, Refused):
            return refusal(identified, calls.failed_avps(identified))
        if isinstance(identified, Emergency):
            return GroupAnswer(extra=write_balance(enough=True))
        asked = await may_call(
            self._services,
            organization_id=identified.organization_id,
            callee=identified.callee,
            caller=identified.caller,
            user=identified.user,
            service=identified.service.value,
        )
        if isinstance(asked, Refused):
            return refusal(asked)
        outcome = asked.answer.outcome
        if isinstance(outcome, Refused) and outcome.code is not RefusalCode.INSUFFICIENT_FUNDS:
            return refusal(outcome)
        enough = isinstance(outcome, Granted) and asked.answer.seconds_max >= (group.requested or 0)
        return GroupAnswer(extra=write_balance(enough=enough))

    async def _price(self, request: CreditControlRequest, group: Group) -> GroupAnswer:
        """What the call would cost by the organization's rates if it began now, whatever pays for it."""
        if group.untimed:
            return _NOT_SECONDS
        identified = calls.identify(self._desk, request, "price", None)
        if isinstance(identified, Refused):
            return refusal(identified, calls.failed_avps(identified))
        if isinstance(identified, Emergency):
            return GroupAnswer(cost_micros=0, currency=_NO_CURRENCY)
        explained = await explain_rate(
            self._services,
            number=identified.callee,
            service=identified.service.value,
            at=self._desk.clock(),
            seconds=group.requested or PRICED_SECONDS,
            organization_id=identified.organization_id,
        )
        if isinstance(explained, Refused):
            return refusal(explained)
        if explained.sum is None:
            return refusal(Refused(code=RefusalCode.NO_RATE))
        return GroupAnswer(cost_micros=explained.sum.price_micros, currency=explained.deck.currency)


def event_id_of(request: CreditControlRequest, group: Group) -> str:
    """Our id of the call that a debit is: an event's Session-Id is its own, or its number tells it from others."""
    base = base_of(request.session_id)
    return fit_session_id(call_id_of(f"{base}~{request.number}" if request.number else base, group.label))


def _debited(exchange: Exchange, index: int, end: End, outcome: Outcome) -> None:
    if not isinstance(outcome, Ended):
        exchange.settle(index, refusal(outcome))
    elif not end.used_seconds:
        exchange.settle(index, _NOT_COVERED)
    else:
        exchange.settle(
            index,
            GroupAnswer(
                granted=end.used_seconds,
                cost_micros=outcome.charged_micros,
                currency=outcome.currency,
                refund=f"{end.organization_id}:{end.session_id}".encode(),
            ),
        )


async def _settle(exchange: Exchange, index: int, work: Coroutine[None, None, GroupAnswer]) -> None:
    try:
        answer = await work
    except DATABASE_AWAY:
        answer = _BUSY
    except Exception as error:  # noqa: BLE001 # a bug of ours may not leave a client without an answer
        log_failure("diameter event failed", error, peer=exchange.request.origin_host)
        answer = _FAILED
    exchange.settle(index, answer)
