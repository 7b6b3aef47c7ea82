"""What the stories of refunds, adjustments and disputes share: an operator's hand, a gateway's word."""

from commcredits.core.commands import Adjust, RecordRefund, RequestRefund, SwitchBilling
from commcredits.core.outcomes import Outcome
from commcredits.core.purchases import RefundState
from tests.core.books import ORGANIZATION, Books, units


def adjust(account: Books, amount: str) -> Outcome:
    """Give funds by hand, or take them with a minus."""
    micros = -units(amount[1:]) if amount.startswith("-") else units(amount)
    command_id = f"adjustment-{next(account.ids)}"
    return account.do(Adjust(organization_id=ORGANIZATION, command_id=command_id, amount_micros=micros, reason="test"))


def refund_top_up(account: Books, amount: str | None = None, top_up_id: str = "") -> Outcome:
    """Ask for so much of a top-up back, of the first unless another is named; without an amount, for all."""
    return account.do(
        RequestRefund(
            organization_id=ORGANIZATION,
            command_id=f"refund-{next(account.ids)}",
            top_up_id=top_up_id or next(iter(account.top_ups)),
            amount_micros=None if amount is None else units(amount),
            reason="asked for",
            requested_by="operator",
        )
    )


def record_refund(account: Books, refund_id: str, state: RefundState) -> Outcome:
    """Write down what the gateway said of a refund."""
    refund = account.refunds.get(refund_id)
    return account.do(
        RecordRefund(
            organization_id=ORGANIZATION,
            refund_id=refund_id,
            top_up_id="" if refund is None else refund.top_up_id,
            state=state.value,
            refusal="charge_already_refunded" if state is RefundState.REFUSED else "",
        )
    )


def switch_billing(account: Books, line: str = "") -> Outcome:
    """Pay after use up to a line; in advance again without one."""
    return account.do(
        SwitchBilling(
            organization_id=ORGANIZATION,
            command_id=f"billing-{next(account.ids)}",
            post_usage=bool(line),
            credit_line_micros=units(line or "0"),
        )
    )
