"""Bugs that are planted to see that the simulation finds them: each breaks one promise in one place.

Knows how each is planted and taken out again. Refuses to be found by anything but the invariants.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from msgspec.structs import replace

from commcredits.core import disputes, payments, recharge, recharge_rules, topups
from commcredits.core.account import Account, BackupUse, Context, Decision, RechargeState
from commcredits.core.commands import PaymentState, RecordPayment, SendTopUp
from commcredits.core.outcomes import TopUpTaken
from commcredits.core.purchases import TopUp, TopUpState
from commcredits.gateways.protocol import Declined, NotFound, Unknown
from commcredits.operations import payments as taking
from commcredits.storage import deciding


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The bug of that name, for as long as the block runs."""
    module, attribute, make = BUGS[name]
    right = getattr(module, attribute)
    setattr(module, attribute, make(right))
    try:
        yield
    finally:
        setattr(module, attribute, right)


def _charge_again_under_a_new_key(right: Callable[..., Any]) -> Callable[..., Any]:
    async def charge(services: Any, gateway: Any, method: Any, top_up: Any, *others: Any, **more: Any) -> Any:
        outcome = await right(services, gateway, method, top_up, *others, **more)
        if isinstance(outcome, Unknown):
            again = replace(top_up, top_up_id=top_up.top_up_id + "-again")
            outcome = await right(services, gateway, method, again, *others, **more)
        return outcome

    return charge


def _charge_again_under_the_same_key(right: Callable[..., Any]) -> Callable[..., Any]:
    async def charge(*others: Any, **more: Any) -> Any:
        outcome = await right(*others, **more)
        return await right(*others, **more) if isinstance(outcome, Unknown) else outcome

    return charge


def _unknown_is_declined(right: Callable[..., Any]) -> Callable[..., Any]:
    def command_of(organization_id: str, top_up_id: str, gateway: str, outcome: Any, **more: Any) -> Any:
        if isinstance(outcome, Unknown):
            outcome = Declined(code="failed", retryable=True, message=outcome.detail)
        return right(organization_id, top_up_id, gateway, outcome, **more)

    return command_of


def _not_found_is_final(right: Callable[..., Any]) -> Callable[..., Any]:
    async def resolve(services: Any, top_up: Any) -> Any:
        found = await next(iter(services.gateways.values())).lookup(top_up.top_up_id)
        if not isinstance(found, NotFound):
            return await right(services, top_up)
        return await services.executor.execute(
            RecordPayment(
                organization_id=top_up.organization_id,
                top_up_id=top_up.top_up_id,
                state=PaymentState.NOT_TAKEN,
                gateway="provider",
                reason="not_received",
            )
        )

    return resolve


def _claims_are_not_exclusive(right: Callable[..., Decision]) -> Callable[..., Decision]:
    def send(account: Account, top_up: TopUp | None, command: SendTopUp, context: Context) -> Decision:
        decision = right(account, top_up, command, context)
        if isinstance(decision.outcome, TopUpTaken) and decision.outcome.state == TopUpState.SENT:
            return replace(decision, outcome=replace(decision.outcome, send=True))
        return decision

    return send


def _no_cool_down(right: Callable[..., Decision]) -> Callable[..., Decision]:
    def send(account: Account, top_up: TopUp | None, command: SendTopUp, context: Context) -> Decision:
        decision = right(account, top_up, command, context)
        state = replace(decision.account.recharge, cool_down_until=None)
        return replace(decision, account=replace(decision.account, recharge=state))

    return send


def _processing_is_paid(right: Callable[..., Decision]) -> Callable[..., Decision]:
    def record(account: Account, top_up: TopUp | None, command: RecordPayment, context: Context) -> Decision:
        if command.state is PaymentState.PROCESSING:
            command = replace(command, state=PaymentState.SUCCEEDED)
        return right(account, top_up, command, context)

    return record


def _paid_twice_grants_twice(right: Callable[..., Decision]) -> Callable[..., Decision]:
    def record(account: Account, top_up: TopUp | None, command: RecordPayment, context: Context) -> Decision:
        if top_up is not None and command.state is PaymentState.SUCCEEDED and top_up.state is TopUpState.SUCCEEDED:
            top_up = replace(top_up, state=TopUpState.SENT)
        return right(account, top_up, command, context)

    return record


def _success_switches_on(right: Callable[..., Decision]) -> Callable[..., Decision]:
    def record(account: Account, top_up: TopUp | None, command: RecordPayment, context: Context) -> Decision:
        decision = right(account, top_up, command, context)
        rule = decision.account.recharge.rule
        if rule is None or command.state is not PaymentState.SUCCEEDED:
            return decision
        state = replace(decision.account.recharge, rule=replace(rule, enabled=True))
        return replace(decision, account=replace(decision.account, recharge=state))

    return record


def _no_back_off(right: Callable[..., Any]) -> Callable[..., Any]:
    def after_decline(account: Account, declined: TopUp, context: Context, **more: Any) -> Any:
        account, notices = right(account, declined, context, **more)
        return replace(account, recharge=replace(account.recharge, retry_at=None)), notices

    return after_decline


def _saving_forgets_the_cool_down(right: Callable[..., RechargeState]) -> Callable[..., RechargeState]:
    def afresh(state: RechargeState, *more: Any) -> RechargeState:
        after = right(state, *more)
        return after if state.backup_use is BackupUse.NONE else replace(after, cool_down_until=state.cool_down_until)

    return afresh


def _nothing_is_cancelled(_right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda account, _context, **_more: (account, ())


def _no_month_is_counted(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda account, context: (right(account, context)[0], 0)


def _a_little_less_is_measured(right: Callable[..., int]) -> Callable[..., int]:
    return lambda account, rule, context: right(account, rule, context) - 1


def _nothing_pauses(_right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda account, _reason, _context: (account, ())


def _answers_are_forgotten(right: Callable[..., Any]) -> Callable[..., Any]:
    def decide_once(result: Any, command: Any, preloaded: Any, context: Any) -> Any:
        preloaded.answers.clear()
        return right(result, command, preloaded, context)

    return decide_once


_Plant = tuple[ModuleType, str, Callable[[Callable[..., Any]], Callable[..., Any]]]

BUGS: Final[Mapping[str, _Plant]] = {
    "an unknown outcome is charged again under a new key": (taking, "_charge", _charge_again_under_a_new_key),
    "an unknown outcome is charged again under its key": (taking, "_charge", _charge_again_under_the_same_key),
    "an unknown outcome counts as declined": (taking, "payment_command", _unknown_is_declined),
    "a charge that is not there yet is given up": (taking, "resolve_top_up", _not_found_is_final),
    "two workers may both send an attempt": (topups, "send", _claims_are_not_exclusive),
    "the cool-down is forgotten": (topups, "send", _no_cool_down),
    "the back-off is forgotten": (payments, "_after_decline", _no_back_off),
    "a payment that is being processed grants funds": (payments, "record_payment", _processing_is_paid),
    "a success that is told twice grants twice": (payments, "record_payment", _paid_twice_grants_twice),
    "a success switches the rule back on": (payments, "record_payment", _success_switches_on),
    "switching off leaves what is due": (recharge_rules, "cancel_due", _nothing_is_cancelled),
    "saving forgets the cool-down": (recharge_rules, "_afresh", _saving_forgets_the_cool_down),
    "the cap counts nothing": (recharge, "month_so_far", _no_month_is_counted),
    "the trigger fires where it stands": (recharge, "measured_micros", _a_little_less_is_measured),
    "a dispute recharges": (disputes, "pause_if_below", _nothing_pauses),
    "a request that comes twice buys twice": (deciding, "_decide_once", _answers_are_forgotten),
}
"""Each bug: the module, the name in it that is replaced, and what with."""
