"""Giving back the charge of a call that is over: wholly, in part, once, and never more than was charged."""

from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.account import SessionState
from commcredits.core.ledger import LedgerAccount
from commcredits.core.outcomes import Ended, RefusalCode, Refused
from commcredits.core.tariffs import Rate
from tests.core.audit import audit
from tests.core.books import Books, books, rate, units


def _ended(seconds: int = 120, *rates: Rate) -> Books:
    account = books(*rates, balance="60")
    account.authorise()
    account.start()
    account.wait(seconds=seconds)
    account.end(seconds)
    return account


def test_a_whole_refund_gives_everything_back_to_the_lot_that_paid() -> None:
    account = _ended()
    assert account.available_micros == units("58.80")
    outcome = account.refund()
    assert isinstance(outcome, Ended)
    assert (outcome.duration_seconds, outcome.charged_micros) == (0, 0)
    assert account.available_micros == units("60")
    last = account.journal[-1]
    assert (last.target, last.amount_micros) == (LedgerAccount.CUSTOMER_CREDITS, units("1.20"))
    audit(account)


def test_a_refund_in_part_leaves_the_price_of_the_seconds_that_stay() -> None:
    account = _ended()
    outcome = account.refund(used_seconds=61)
    assert isinstance(outcome, Ended)
    assert outcome.charged_micros == units("0.61")
    audit(account)


def test_the_same_refund_again_gives_the_first_answer_and_moves_nothing() -> None:
    account = _ended()
    first = account.refund(used_seconds=60)
    before = (account.account, list(account.journal))
    assert account.refund(used_seconds=60) == first
    assert (account.account, account.journal) == before


def test_one_refund_id_with_other_seconds_is_a_conflict() -> None:
    account = _ended()
    account.refund(used_seconds=60)
    outcome = account.refund(used_seconds=30)
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.CONFLICT


def test_a_refund_never_charges_more() -> None:
    account = _ended()
    outcome = account.refund(used_seconds=10_000)
    assert isinstance(outcome, Ended)
    assert outcome.charged_micros == units("1.20")
    assert account.available_micros == units("58.80")


def test_a_running_call_a_refused_one_and_an_unknown_one_cannot_be_refunded() -> None:
    account = books(balance="60")
    account.authorise()
    outcomes = [account.refund()]
    account.authorise("call-2", callee="+8613800000000")
    outcomes += [account.refund(session_id="call-2"), account.refund(session_id="call-3")]
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, Refused)]
    assert codes == [RefusalCode.CONFLICT, RefusalCode.CONFLICT, RefusalCode.UNKNOWN_SESSION]


def test_a_call_that_the_reaper_closed_can_be_refunded() -> None:
    account = books(balance="60")
    account.authorise()
    account.start()
    account.wait(seconds=900)
    account.reap()
    account.refund()
    assert account.call.state is SessionState.ENDED
    assert account.available_micros == units("60")
    audit(account)


@given(seconds=st.integers(1, 300), kept=st.lists(st.integers(0, 320), max_size=5), fee=st.sampled_from(["0", "0.05"]))
def test_any_refunds_leave_a_call_at_the_price_of_what_stays(seconds: int, kept: list[int], fee: str) -> None:
    account = _ended(seconds, rate(fee=fee, increments=(30, 6)))
    for number, left in enumerate(kept):
        account.refund(used_seconds=left, command_id=f"refund-{number}")
        audit(account)
    assert account.call.used_seconds == min([seconds, *kept])
