"""What the stories of auto-recharge share: a balance below its trigger, and a worker that takes the attempt on."""

from commcredits.core.commands import CheckRecharge, PaymentState
from commcredits.core.purchases import TopUp, TopUpState
from tests.core.books import ORGANIZATION, Books, books

CHECK = CheckRecharge(organization_id=ORGANIZATION)


def below_trigger(recharge: str = "100", trigger: str = "50", cap: str | None = None) -> Books:
    """Books whose balance of 10 is below the trigger when the rule is saved."""
    account = books(balance="10")
    account.save_rule(recharge=recharge, trigger=trigger, cap=cap)
    return account


def due(account: Books) -> TopUp:
    """The one attempt that waits to be sent."""
    (top_up,) = account.recharges(TopUpState.DUE)
    return top_up


def pay(account: Books) -> None:
    """Send the attempt that waits; the card pays."""
    top_up = due(account)
    account.send(top_up.top_up_id)
    account.record(top_up.top_up_id, PaymentState.SUCCEEDED)


def decline(account: Books, *, retryable: bool = True) -> None:
    """Send the attempt that waits; the card is declined."""
    top_up = due(account)
    account.send(top_up.top_up_id)
    account.record(top_up.top_up_id, PaymentState.DECLINED, retryable=retryable)
