"""Calls as they should go: held before they ring, charged for what they used, cut when the money ends."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.core.account import ChargingTerms, OrganizationStatus, SessionState
from commcredits.core.commands import Service
from commcredits.core.ledger import LedgerAccount
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused, Started
from commcredits.core.rating import CALL_SECONDS_MAX, price_micros
from commcredits.core.tariffs import Rate
from tests.core.books import CALLEE, DECK, NOON, Books, books, rate, units
from tests.core.rates import rates


def _granted(outcome: Outcome) -> Granted:
    assert isinstance(outcome, Granted), outcome
    return outcome


def _refused(outcome: Outcome) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def _charged(outcome: Outcome) -> int:
    assert isinstance(outcome, Ended), outcome
    return outcome.charged_micros


def test_a_call_is_held_started_extended_and_charged_for_what_it_used() -> None:
    account = books(balance="60.00")
    granted = _granted(account.authorise())
    assert (granted.granted_seconds, granted.valid_seconds, granted.final) == (300, 330, False)
    assert (granted.charged_micros, granted.held_micros) == (0, units("3.00"))
    account.wait(seconds=20)
    assert isinstance(account.start(), Started)
    account.wait(seconds=300)
    extended = _granted(account.update(1, 300))
    assert (extended.grant_number, extended.granted_seconds, extended.valid_seconds) == (2, 600, 330)
    assert (extended.charged_micros, extended.held_micros) == (units("3.00"), units("3.00"))
    account.wait(seconds=150)
    assert account.end(450, cause="caller_hung_up") == Ended(
        duration_seconds=450, charged_micros=units("4.50"), currency="EUR"
    )
    assert account.available_micros == units("55.50")
    assert account.held_micros == 0
    assert account.call.cause == "caller_hung_up"
    assert account.call.started_at == NOON + timedelta(seconds=20)
    assert account.ledger_micros(LedgerAccount.REVENUE_OUTBOUND) == units("4.50")


def test_sixty_units_at_sixty_cents_a_minute_in_slices_of_three_minutes() -> None:
    account = books(rate(per_minute="0.60"), balance="60.00", charging=ChargingTerms(slice_seconds=180))
    account.authorise()
    account.start()
    for number in range(1, 7):
        account.wait(seconds=180)
        _granted(account.update(number, number * 180))
    account.wait(seconds=150)
    assert _charged(account.end(20 * 60 + 30)) == units("12.30")
    assert account.available_micros == units("47.70")


def test_a_hundredth_does_not_buy_a_first_increment_of_four() -> None:
    account = books(rate(per_minute="0.04", increments=(60, 60)), balance="0.01")
    refusal = account.authorise()
    assert _refused(refusal) is RefusalCode.INSUFFICIENT_FUNDS
    assert isinstance(refusal, Refused)
    assert refusal.facts == {"available_micros": 10_000, "needed_micros": 40_000, "currency": "EUR"}
    assert account.held_micros == 0


def test_a_connection_fee_that_cannot_be_paid_refuses_a_call_whose_minutes_are_free() -> None:
    account = books(rate(per_minute="0", fee="0.10"), balance="0.09")
    assert _refused(account.authorise()) is RefusalCode.INSUFFICIENT_FUNDS
    account = books(rate(per_minute="0", fee="0.10"), balance="0.10")
    assert _granted(account.authorise()).final is False
    assert _charged(account.end(10_000)) == units("0.10")


def test_a_free_call_needs_no_money() -> None:
    account = books(rate(per_minute="0"))
    assert _granted(account.authorise()).held_micros == 0
    account.wait(seconds=300)
    assert _granted(account.update(1, 300)).granted_seconds == 600
    assert account.end(450) == Ended(duration_seconds=450, charged_micros=0, currency="EUR")
    assert account.ledger_micros(LedgerAccount.REVENUE_OUTBOUND) == 0


def test_the_last_money_is_granted_as_far_as_it_goes_and_the_grant_is_final() -> None:
    account = books(balance="2.00")
    granted = _granted(account.authorise())
    assert (granted.granted_seconds, granted.final, granted.held_micros) == (200, True, units("2.00"))
    account.start()
    account.wait(seconds=200)
    at_the_end = _granted(account.update(1, 200))
    assert (at_the_end.granted_seconds, at_the_end.final, at_the_end.held_micros) == (200, True, 0)
    assert _charged(account.end(200)) == units("2.00")


def test_a_slice_that_the_old_hold_and_the_balance_pay_together_is_granted_as_asked() -> None:
    account = books(balance="5.00")
    account.authorise(answered=True)
    account.wait(seconds=100)
    extended = _granted(account.update(1, 100))
    assert (extended.granted_seconds, extended.final) == (400, False)
    assert (extended.charged_micros, extended.held_micros) == (units("1.00"), units("3.00"))


def test_a_top_up_extends_a_running_call() -> None:
    account = books(balance="2.00")
    account.authorise()
    account.start()
    account.add_funds("50")
    account.wait(seconds=200)
    extended = _granted(account.update(1, 200))
    assert (extended.granted_seconds, extended.final) == (500, False)


def test_a_fall_of_the_balance_never_shortens_what_was_granted() -> None:
    account = books(balance="3.00")
    assert _granted(account.authorise("call-1")).granted_seconds == 300
    assert _refused(account.authorise("call-2")) is RefusalCode.INSUFFICIENT_FUNDS
    account.wait(seconds=100)
    assert _granted(account.update(1, 100)).granted_seconds == 300


def test_two_calls_at_once_share_one_balance_and_cannot_overspend_it() -> None:
    account = books(balance="4.00")
    assert _granted(account.authorise("call-1")).held_micros == units("3.00")
    second = _granted(account.authorise("call-2"))
    assert (second.held_micros, second.final, second.granted_seconds) == (units("1.00"), True, 100)
    assert _refused(account.authorise("call-3")) is RefusalCode.INSUFFICIENT_FUNDS
    assert account.available_micros == 0


def test_a_slice_shorter_than_the_first_increment_is_that_increment() -> None:
    account = books(rate(increments=(60, 60)), balance="10")
    assert _granted(account.authorise(slice_seconds=1)).granted_seconds == 60


def test_a_call_may_ask_for_its_own_slice() -> None:
    account = books(balance="10")
    assert _granted(account.authorise(slice_seconds=30)).granted_seconds == 30
    assert _granted(account.update(1, 10, slice_seconds=60)).granted_seconds == 70


def test_an_answered_call_counts_from_its_authorisation() -> None:
    account = books(balance="10")
    account.authorise(answered=True)
    assert account.call.state is SessionState.STARTED
    assert account.call.started_at == NOON
    assert account.call.grant_ends_at == NOON + timedelta(seconds=330)


def test_a_call_that_nobody_answered_costs_nothing() -> None:
    account = books(rate(fee="1"), balance="10")
    account.authorise()
    account.wait(seconds=45)
    assert account.end(0, cause="no_answer") == Ended(duration_seconds=0, charged_micros=0, currency="EUR")
    assert account.available_micros == units("10")
    assert account.call.started_at is None


def test_an_answered_call_of_no_seconds_costs_nothing() -> None:
    account = books(rate(fee="1", increments=(60, 60)), balance="10")
    account.authorise()
    account.start()
    assert _charged(account.end(0)) == 0
    assert account.available_micros == units("10")


def test_a_destination_without_a_rate_is_refused_before_the_call() -> None:
    account = books(rate(prefix="40"), balance="10")
    refusal = account.authorise()
    assert _refused(refusal) is RefusalCode.NO_RATE
    assert isinstance(refusal, Refused)
    assert refusal.facts == {"callee": CALLEE, "service": "outbound", "rate_deck_id": DECK}


def test_an_organization_without_a_deck_has_no_rates() -> None:
    account = books(balance="10")
    account.account = replace(account.account, rate_deck_id=None)
    assert _refused(account.authorise()) is RefusalCode.NO_RATE


def test_a_refused_call_is_recorded_with_its_reason() -> None:
    account = books(balance="0.001")
    account.authorise()
    assert account.call.state is SessionState.REFUSED
    assert account.call.cause == "insufficient_funds"
    assert account.call.terms.rate is not None
    assert account.call.ended_at == NOON
    assert not account.call.is_live


@pytest.mark.parametrize("status", [OrganizationStatus.CLOSING, OrganizationStatus.CLOSED])
def test_a_closing_organization_makes_no_new_calls(status: OrganizationStatus) -> None:
    account = books(balance="10")
    account.account = replace(account.account, status=status)
    assert _refused(account.authorise()) is RefusalCode.ORGANIZATION_CLOSED


def test_running_calls_of_a_closing_organization_go_on() -> None:
    account = books(balance="10")
    account.authorise()
    account.account = replace(account.account, status=OrganizationStatus.CLOSING)
    account.wait(seconds=300)
    assert _granted(account.update(1, 300)).granted_seconds == 600
    assert _charged(account.end(400)) == units("4")


@pytest.mark.parametrize("status", OrganizationStatus)
def test_an_emergency_call_is_always_allowed_and_never_charged(status: OrganizationStatus) -> None:
    account = books(rate(prefix="40"))
    account.account = replace(account.account, status=status, rate_deck_id=None)
    assert _granted(account.authorise(callee="112", service=Service.EMERGENCY)).held_micros == 0
    account.start()
    account.wait(seconds=300)
    assert _granted(account.update(1, 300)).granted_seconds == 600
    assert _charged(account.end(600)) == 0
    assert account.ledger_micros(LedgerAccount.CUSTOMER_CREDITS) == 0


def test_a_call_keeps_the_price_at_which_it_began() -> None:
    old = rate(per_minute="0.60", effective_to=NOON + timedelta(seconds=1))
    account = books(old, rate(per_minute="6", effective_from=NOON + timedelta(seconds=1)), balance="60")
    account.authorise()
    account.wait(seconds=300)
    account.update(1, 300)
    assert _charged(account.end(600)) == units("6")


def test_a_call_holds_and_spends_across_several_lots() -> None:
    account = books()
    first = account.grant_promotion("1.00", NOON + timedelta(days=1))
    second = account.grant_promotion("1.50", NOON + timedelta(days=2))
    third = account.grant_promotion("5.00", NOON + timedelta(days=3))
    account.authorise()
    assert [(part.terms.lot_id, part.held_micros) for part in account.call.parts] == [
        (first, units("1.00")),
        (second, units("1.50")),
        (third, units("0.50")),
    ]
    account.end(200)
    spent = [(entry.lot_id, entry.amount_micros) for entry in account.journal if entry.session_id == "call-1"]
    assert spent == [(first, units("1.00")), (second, units("1.00"))]
    assert account.available_micros == units("5.50")


def test_no_call_is_extended_beyond_thirty_days() -> None:
    account = books(rate(per_minute="0", increments=(60, 60)))
    account.authorise(answered=True)
    account.wait(seconds=CALL_SECONDS_MAX)
    granted = _granted(account.update(1, CALL_SECONDS_MAX))
    assert granted.granted_seconds == CALL_SECONDS_MAX
    account.wait(seconds=1_000)
    assert _granted(account.update(2, CALL_SECONDS_MAX + 1_000)).granted_seconds == CALL_SECONDS_MAX


def _run(account: Books, reports: list[int], used_seconds: int, slice_seconds: int) -> int:
    account.authorise(slice_seconds=slice_seconds, answered=True)
    for number, reported in enumerate(sorted(reports), start=1):
        account.wait(seconds=1)
        account.update(number, reported, slice_seconds=slice_seconds)
    return _charged(account.end(used_seconds))


@given(
    rates,
    st.lists(st.integers(0, 4_000), max_size=8),
    st.integers(0, 4_000),
    st.integers(1, 14_400),
    st.integers(1, 14_400),
)
def test_any_slicing_of_a_call_costs_the_price_of_its_whole(
    priced: Rate, reports: list[int], used_seconds: int, one_slice: int, other_slice: int
) -> None:
    reports = [reported for reported in reports if reported <= used_seconds]
    for slice_seconds in (one_slice, other_slice):
        account = books(priced, balance="1000000")
        charged = _run(account, reports, used_seconds, slice_seconds)
        assert charged == price_micros(priced, account.call.used_seconds)
        if account.call.granted_seconds >= used_seconds:
            assert account.call.used_seconds == used_seconds
        assert account.available_micros == units("1000000") - charged
        assert account.ledger_micros() == account.available_micros


@given(rates, st.integers(0, 20_000_000), st.lists(st.integers(0, 2_000), max_size=6), st.integers(0, 4_000))
def test_a_short_balance_is_granted_to_its_last_increment_and_never_overspent(
    priced: Rate, balance_micros: int, reports: list[int], used_seconds: int
) -> None:
    whole, fraction = divmod(balance_micros, 1_000_000)
    account = books(priced, balance=f"{whole}.{fraction:06d}")
    outcome = account.authorise(answered=True)
    if isinstance(outcome, Refused):
        assert price_micros(priced, 1) > balance_micros
        return
    for number, reported in enumerate(sorted(reports), start=1):
        account.wait(seconds=300)
        granted = _granted(account.update(number, reported))
        assert granted.held_micros == account.held_micros
        assert account.available_micros >= 0
        if granted.final:
            one_more = account.call.granted_seconds + 1
            assert (
                price_micros(priced, one_more) - granted.charged_micros > granted.held_micros + account.available_micros
            )
    charged = _charged(account.end(used_seconds))
    assert charged <= balance_micros
    assert charged <= price_micros(priced, account.call.granted_seconds)
    assert account.available_micros == balance_micros - charged
