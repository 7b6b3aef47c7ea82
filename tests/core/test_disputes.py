"""Disputes: what is left is frozen, a won one restores exactly that, a lost one takes net and tax, or leaves a debt."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.core.account import PauseReason
from commcredits.core.commands import CloseDispute, OpenDispute
from commcredits.core.ledger import LedgerAccount
from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import Done, Granted, Outcome, RefusalCode, Refused, TopUpTaken
from commcredits.core.purchases import TopUp, TopUpState
from tests.core.audit import audit
from tests.core.books import FUNDING, ORGANIZATION, Books, books, rate, units
from tests.core.money_moves import adjust
from tests.core.recharging import CHECK
from tests.core.test_taxes import ROMANIA

TAXED = replace(FUNDING, taxes=(ROMANIA,))


def bought(amount: str = "100") -> Books:
    """Books with one purchase that was paid with 21 % of tax; a second of a call costs one unit."""
    account = books(rate(per_minute="60"), funding=TAXED)
    account.add_funds(amount)
    return account


def only(account: Books) -> TopUp:
    """The one top-up of the test."""
    (top_up,) = account.top_ups.values()
    return top_up


def dispute(account: Books, reference: str = "dp_1") -> Outcome:
    """The payer's bank asks for the money back."""
    first = next(iter(account.top_ups))
    outcome = account.do(OpenDispute(organization_id=ORGANIZATION, top_up_id=first, dispute_reference=reference))
    audit(account)
    return outcome


def close(account: Books, *, lost: str = "", reference: str = "dp_1") -> Outcome:
    """The bank has decided: won, or so much is lost."""
    first = next(iter(account.top_ups))
    outcome = account.do(
        CloseDispute(
            organization_id=ORGANIZATION,
            top_up_id=first,
            dispute_reference=reference,
            won=not lost,
            lost_micros=units(lost or "0"),
        )
    )
    audit(account)
    return outcome


def spend(account: Books, seconds: int) -> None:
    """A call that costs so many units."""
    name = f"call-{len(account.sessions)}"
    assert isinstance(account.authorise(name, slice_seconds=seconds, answered=True), Granted)
    account.wait(seconds=seconds)
    account.end(seconds, name)


def test_what_is_left_of_the_lot_is_frozen_and_calls_cannot_use_it() -> None:
    account = bought()
    spend(account, 30)
    assert dispute(account) == Done(changed=True)
    assert (account.available_micros, only(account).disputed_micros) == (0, units("70"))
    assert only(account).state is TopUpState.DISPUTED
    assert isinstance(account.authorise("refused", slice_seconds=1), Refused)
    assert len(account.notices(NoticeKind.DISPUTE_OPENED)) == 1


def test_a_dispute_that_is_told_again_changes_nothing() -> None:
    account = bought()
    dispute(account)
    before = account.account
    for _ in range(2):
        assert dispute(account) == Done(changed=False)
    assert account.account is before
    close(account)
    before = account.account
    assert close(account) == Done(changed=False)
    assert dispute(account) == Done(changed=False), "a dispute that is over was opened again by an old message"
    assert account.account is before


def test_a_won_dispute_restores_exactly_what_was_frozen() -> None:
    account = bought()
    spend(account, 30)
    lots = account.account.lots
    dispute(account)
    close(account)
    assert account.account.lots == lots
    assert only(account).state is TopUpState.SUCCEEDED
    assert (only(account).disputed_micros, account.ledger_micros(LedgerAccount.DISPUTED)) == (0, 0)
    assert len(account.notices(NoticeKind.DISPUTE_WON)) == 1


def test_after_a_won_dispute_another_may_be_opened() -> None:
    account = bought()
    dispute(account)
    close(account)
    assert dispute(account, "dp_2") == Done(changed=True)
    assert close(account, lost="121", reference="dp_1") == Done(changed=False), "the other dispute was not lost"
    close(account, lost="121", reference="dp_2")
    assert only(account).state is TopUpState.REVERSED


def test_a_lost_dispute_takes_net_from_what_is_frozen_and_tax_from_the_tax() -> None:
    account = bought()
    dispute(account)
    close(account, lost="121")
    assert (account.available_micros, account.account.owed_micros) == (0, 0)
    assert account.ledger_micros(LedgerAccount.TAX) == account.ledger_micros(LedgerAccount.GATEWAY_CLEARING) == 0
    assert account.notices(NoticeKind.DISPUTE_LOST)[0].facts["lost_micros"] == units("121")


def test_what_was_spent_already_is_owed_and_the_next_top_up_repays_it_first() -> None:
    account = bought()
    spend(account, 30)
    dispute(account)
    close(account, lost="121")
    assert account.account.owed_micros == units("30")
    account.add_funds("50")
    audit(account)
    assert (account.account.owed_micros, account.available_micros) == (0, units("20"))


def test_a_bank_that_takes_a_part_leaves_the_rest() -> None:
    account = bought()
    spend(account, 30)
    dispute(account)
    close(account, lost="60.50")
    assert account.available_micros == units("20")  # 70 frozen, 50 lost
    assert account.ledger_micros(LedgerAccount.TAX) == units("10.50")
    assert account.account.owed_micros == 0


def test_a_bank_never_takes_more_than_was_paid() -> None:
    account = bought()
    dispute(account)
    close(account, lost="9999")
    assert account.ledger_micros(LedgerAccount.GATEWAY_CLEARING) == 0
    assert account.account.owed_micros == 0


def test_running_calls_keep_what_they_hold_and_what_they_release_is_frozen() -> None:
    account = bought()
    account.authorise("live", slice_seconds=60, answered=True)
    dispute(account)
    assert (account.held_micros, only(account).disputed_micros) == (units("60"), units("40"))
    account.wait(seconds=25)
    account.end(25, "live")
    audit(account)
    assert (account.available_micros, only(account).disputed_micros) == (0, units("75"))
    close(account)
    assert account.available_micros == units("75")


def test_what_a_call_releases_of_a_disputed_lot_repays_no_debt() -> None:
    account = bought()
    account.authorise("live", slice_seconds=60, answered=True)
    dispute(account)
    adjust(account, "-10")
    assert account.account.owed_micros == units("10")
    account.wait(seconds=10)
    account.end(10, "live")
    audit(account)
    assert (account.account.owed_micros, only(account).disputed_micros) == (units("10"), units("90"))


def test_a_lot_that_has_expired_is_breakage_and_not_frozen() -> None:
    account = bought()
    account.wait(days=365)
    dispute(account)
    assert (only(account).disputed_micros, account.ledger_micros(LedgerAccount.BREAKAGE)) == (0, units("100"))
    close(account, lost="121")
    assert account.account.owed_micros == units("100")


def test_frozen_funds_that_are_won_back_after_their_expiry_are_breakage() -> None:
    account = bought()
    dispute(account)
    account.wait(days=365)
    close(account)
    assert (account.available_micros, account.ledger_micros(LedgerAccount.BREAKAGE)) == (0, units("100"))


def test_an_unknown_purchase_and_one_that_was_not_paid_cannot_be_disputed() -> None:
    account = books()
    command = OpenDispute(organization_id=ORGANIZATION, top_up_id="nobody's", dispute_reference="dp_1")
    outcome = account.do(command)
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.UNKNOWN_TOP_UP
    account.request_top_up("50")
    assert dispute(account) == Done(changed=False)


@given(
    used=st.integers(0, 100),
    held=st.integers(0, 60),
    lost_cents=st.integers(0, 12_100),
    repaid=st.sampled_from([0, 50]),
)
def test_any_loss_is_split_so_that_the_books_agree(used: int, held: int, lost_cents: int, repaid: int) -> None:
    account = bought()
    if used:
        spend(account, used)
    granted = bool(held) and isinstance(account.authorise("live", slice_seconds=held, answered=True), Granted)
    dispute(account)
    before = account.ledger_micros(LedgerAccount.GATEWAY_CLEARING)
    close(account, lost=f"{lost_cents // 100}.{lost_cents % 100:02d}" if lost_cents else "0")
    assert account.ledger_micros(LedgerAccount.GATEWAY_CLEARING) - before == lost_cents * 10_000
    assert 0 <= account.ledger_micros(LedgerAccount.TAX) <= units("21")
    if granted:
        account.wait(seconds=held)
        account.end(held // 2, "live")
        audit(account)
    if repaid:
        account.add_funds(str(repaid))
        audit(account)


# ---- the rule


def test_a_fall_by_a_dispute_pauses_the_rule_until_somebody_has_looked() -> None:
    account = bought()
    account.save_rule(recharge="100", trigger="50")
    dispute(account)
    assert account.account.recharge.paused is PauseReason.DISPUTE
    (paused,) = account.notices(NoticeKind.RECHARGE_PAUSED)
    assert paused.facts["reason"] == "dispute"
    account.wait(days=3)
    account.do(CHECK)
    assert account.recharges() == []
    account.save_rule(recharge="100", trigger="50")
    assert len(account.recharges()) == 1


def test_a_dispute_that_leaves_enough_pauses_nothing() -> None:
    account = bought()
    account.add_funds("100")
    account.save_rule(recharge="100", trigger="50")
    dispute(account)
    assert account.account.recharge.paused is None
    account.wait(minutes=5)
    spend(account, 51)
    assert len(account.recharges()) == 1


@pytest.mark.parametrize("days", [0, 365])
def test_the_debt_of_a_lost_dispute_pauses_the_rule_as_well(days: int) -> None:
    account = bought()
    account.grant_promotion("60", account.now + timedelta(days=800))
    account.save_rule(recharge="100", trigger="50")
    spend(account, 60)  # the promotion goes first
    spend(account, 40)
    dispute(account)
    account.wait(days=days)
    close(account, lost="121")
    assert account.account.recharge.paused is PauseReason.DISPUTE
    assert account.recharges() == []


def test_a_recharge_that_waits_to_be_sent_as_its_rule_is_paused_is_not_sent() -> None:
    account = bought()
    account.save_rule(recharge="100", trigger="50")
    spend(account, 60)
    (due,) = account.recharges(TopUpState.DUE)
    dispute(account)
    assert account.account.recharge.paused is PauseReason.DISPUTE
    outcome = account.send(due.top_up_id)
    assert isinstance(outcome, TopUpTaken)
    assert (outcome.state, outcome.send) == (TopUpState.CANCELLED, False)
    assert (len(account.recharges()), account.account.recharge.month_micros) == (1, 0)
