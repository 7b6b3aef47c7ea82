"""Calls as they really go: twice, late, out of order, beyond their grant, or never heard of again."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from commcredits.core.account import ChargingTerms, SessionState
from commcredits.core.commands import Expire, Service
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.outcomes import Done, Ended, Granted, Outcome, RefusalCode, Refused, Started
from commcredits.core.remembering import UPDATES_REMEMBERED
from tests.core.books import CALLEE, NOON, ORGANIZATION, Books, books, rate, units

SECOND = timedelta(seconds=1)


def _code(outcome: Outcome) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def _granted(outcome: Outcome) -> Granted:
    assert isinstance(outcome, Granted), outcome
    return outcome


def _running(balance: str = "60", charging: ChargingTerms | None = None) -> Books:
    account = books(balance=balance, charging=charging)
    account.authorise()
    account.start()
    return account


# ---- repeated


def test_every_command_repeated_gets_its_first_answer_and_changes_nothing() -> None:
    account = books(balance="60")
    steps: list[Callable[[], Outcome]] = [
        account.authorise,
        account.start,
        lambda: account.update(1, 100),
        lambda: account.update(2, 200),
        lambda: account.end(250),
    ]
    for step in steps:
        first = step()
        before = (account.account, account.call, list(account.journal))
        account.wait(seconds=1)
        assert step() == first
        assert (account.account, account.call, account.journal) == before


def test_an_authorisation_is_repeated_even_after_its_call_has_ended() -> None:
    account = _running()
    account.end(10)
    assert _granted(account.authorise()).grant_number == 1
    assert account.held_micros == 0


def test_a_refusal_stays_a_refusal_although_funds_have_come() -> None:
    account = books()
    first = account.authorise()
    account.add_funds("50")
    assert account.authorise() == first
    assert isinstance(account.authorise("call-2"), Granted)


@pytest.mark.parametrize(
    "other", [{"callee": "+442079460001"}, {"caller": "+40722000002"}, {"slice_seconds": 60}, {"answered": True}]
)
def test_the_same_session_with_other_content_is_a_conflict(other: dict[str, object]) -> None:
    account = _running()
    assert _code(account.authorise(**{"callee": CALLEE, **other})) is RefusalCode.CONFLICT  # type: ignore[arg-type]  # fields by name


def test_the_same_update_number_with_other_content_is_a_conflict() -> None:
    account = _running()
    account.update(1, 100)
    before = account.call
    assert _code(account.update(1, 101)) is RefusalCode.CONFLICT
    assert _code(account.update(1, 100, slice_seconds=60)) is RefusalCode.CONFLICT
    assert account.call == before


def test_the_latest_updates_are_remembered_and_older_ones_are_stale() -> None:
    account = _running()
    answers = [account.update(number, number * 10) for number in range(1, 5)]
    assert [account.update(number, number * 10) for number in range(3, 5)] == answers[-UPDATES_REMEMBERED:]
    stale = account.update(2, 20)
    assert _code(stale) is RefusalCode.STALE_REQUEST
    assert isinstance(stale, Refused)
    assert stale.facts == {"request_number": 2, "newest": 4}


def test_an_update_that_arrives_after_a_newer_one_is_stale() -> None:
    account = _running()
    account.update(5, 300)
    before = account.call
    assert _code(account.update(4, 200)) is RefusalCode.STALE_REQUEST
    assert account.call == before


def test_a_second_end_changes_nothing_whatever_it_says() -> None:
    account = _running()
    first = account.end(100)
    assert account.end(200, cause="again") == first
    assert account.available_micros == units("59")


# ---- out of order


def test_an_end_before_its_start_charges_the_call_and_the_start_comes_too_late() -> None:
    account = books(balance="60")
    account.authorise()
    account.wait(seconds=100)
    assert account.end(80) == Ended(duration_seconds=80, charged_micros=units("0.80"), currency="EUR")
    assert account.call.started_at == NOON + 20 * SECOND
    assert _code(account.start()) is RefusalCode.SESSION_ENDED
    assert account.call.state is SessionState.ENDED


def test_a_start_after_an_update_keeps_the_time_of_answer() -> None:
    account = books(balance="60")
    account.authorise()
    account.wait(seconds=100)
    account.update(1, 80)
    assert account.call.started_at == NOON + 20 * SECOND
    started = account.start()
    assert isinstance(started, Started)
    assert (started.charged_micros, started.granted_seconds) == (units("0.80"), 380)
    assert account.call.started_at == NOON + 20 * SECOND


def test_a_call_is_never_answered_before_it_was_authorised_whatever_the_clocks_say() -> None:
    account = books(balance="60")
    account.authorise()
    account.wait(seconds=-1)
    account.start()
    assert account.call.started_at == NOON


def test_a_report_below_the_last_one_gives_nothing_back() -> None:
    account = _running()
    account.update(1, 200)
    assert _granted(account.update(2, 100)).charged_micros == units("2")
    assert account.end(50) == Ended(duration_seconds=200, charged_micros=units("2"), currency="EUR")


def test_nothing_can_be_done_to_a_call_that_nobody_asked_for() -> None:
    account = books(balance="60")
    expire = Expire(organization_id=ORGANIZATION, session_id="call-1", grant_number=1)
    for outcome in (account.start(), account.update(1, 10), account.end(10), account.do(expire)):
        assert _code(outcome) is RefusalCode.UNKNOWN_SESSION
    assert account.sessions == {}


def test_a_refused_call_can_be_neither_started_nor_extended_nor_ended() -> None:
    account = books()
    account.authorise()
    for outcome in (account.start(), account.update(1, 10), account.end(10)):
        assert _code(outcome) is RefusalCode.SESSION_ENDED
    assert account.reap() == Done(changed=False)


def test_an_ended_call_is_not_extended() -> None:
    account = _running()
    account.end(100)
    assert _code(account.update(1, 200)) is RefusalCode.SESSION_ENDED


# ---- beyond the grant


def test_a_call_is_never_charged_beyond_its_grant() -> None:
    account = _running(balance="3")
    account.wait(seconds=320)
    assert account.end(320) == Ended(duration_seconds=300, charged_micros=units("3"), currency="EUR")
    assert account.call.overrun_seconds == 20
    assert account.available_micros == 0


def test_a_late_report_is_charged_to_its_grant_and_extended_from_where_the_call_is() -> None:
    account = _running(charging=ChargingTerms(slice_seconds=10))
    account.wait(seconds=35)
    granted = _granted(account.update(1, 35))
    assert (granted.charged_micros, granted.granted_seconds, granted.valid_seconds) == (units("0.10"), 45, 40)
    assert account.call.overrun_seconds == 25
    assert account.end(40) == Ended(duration_seconds=40, charged_micros=units("0.40"), currency="EUR")


def test_a_report_that_the_clock_does_not_bear_out_holds_one_slice_and_not_a_fortune() -> None:
    account = _running(balance="6000")
    account.wait(seconds=300)
    granted = _granted(account.update(1, 300_000))
    assert (granted.charged_micros, granted.granted_seconds) == (units("3"), 600)
    assert account.call.overrun_seconds == 299_700


@pytest.mark.parametrize("used_seconds", [10**12, -(10**12)])
def test_an_absurd_report_breaks_nothing(used_seconds: int) -> None:
    account = books(balance="60")
    account.authorise()
    assert _granted(account.update(1, used_seconds)).charged_micros <= units("3")
    assert account.call.started_at in {None, NOON}
    assert isinstance(account.end(used_seconds), Ended)
    assert account.call.used_seconds >= 0


# ---- silence


def test_a_silent_call_is_charged_for_its_grant_at_its_very_end_and_not_before() -> None:
    account = _running()
    account.wait(seconds=330, microseconds=-1)
    assert account.reap() == Done(changed=False)
    account.wait(microseconds=1)
    assert account.reap() == Ended(duration_seconds=300, charged_micros=units("3"), currency="EUR")
    assert (account.call.state, account.call.cause) == (SessionState.EXPIRED, "silent")
    assert account.held_micros == 0


def test_an_operator_may_charge_a_silent_call_for_its_last_report_only() -> None:
    account = _running(charging=ChargingTerms(silence_charges_grant=False))
    account.wait(seconds=100)
    account.update(1, 100)
    account.wait(seconds=1_000)
    assert account.reap() == Ended(duration_seconds=100, charged_micros=units("1"), currency="EUR")


def test_a_call_that_never_told_its_answer_is_given_up_after_ringing_and_a_slice_and_costs_nothing() -> None:
    account = books(rate(fee="1"), balance="60")
    account.authorise()
    account.wait(seconds=180 + 300 + 30, microseconds=-1)
    assert account.reap() == Done(changed=False)
    account.wait(microseconds=1)
    assert account.reap() == Ended(duration_seconds=0, charged_micros=0, currency="EUR")
    assert account.available_micros == units("60")


def test_a_call_whose_switch_tells_no_answer_is_not_given_up_while_it_talks() -> None:
    account = books(balance="60")
    account.authorise()
    account.wait(seconds=60 + 300)
    assert account.reap() == Done(changed=False)
    assert _granted(account.update(1, 300)).charged_micros == units("3")


def test_a_report_of_no_seconds_does_not_make_a_ringing_call_an_answered_one() -> None:
    account = books(balance="60")
    account.authorise()
    account.wait(seconds=60)
    assert _granted(account.update(1, 0)).grant_number == 2
    assert account.call.state is SessionState.AUTHORISED
    account.wait(seconds=10_000)
    assert account.reap() == Ended(duration_seconds=0, charged_micros=0, currency="EUR")


def test_a_call_that_has_moved_on_is_not_reaped_by_an_old_word() -> None:
    account = _running()
    account.wait(seconds=300)
    account.update(1, 300)
    account.wait(seconds=1_000)
    stale = Expire(organization_id=ORGANIZATION, session_id="call-1", grant_number=1)
    assert account.do(stale) == Done(changed=False)
    assert account.call.is_live


def test_a_late_start_does_not_wake_a_reaped_call() -> None:
    account = books(balance="60")
    account.authorise()
    account.wait(seconds=10_000)
    account.reap()
    assert _code(account.start()) is RefusalCode.SESSION_ENDED
    assert _code(account.update(1, 10)) is RefusalCode.SESSION_ENDED
    assert account.end(10) == Ended(duration_seconds=0, charged_micros=0, currency="EUR")


# ---- the true end of a reaped call


def _reaped(balance: str = "60") -> Books:
    account = _running(balance)
    account.wait(seconds=400)
    account.reap()
    return account


def test_a_true_end_corrects_a_reaped_call_downwards_by_a_reversing_transfer() -> None:
    account = _reaped()
    assert account.end(120) == Ended(duration_seconds=120, charged_micros=units("1.20"), currency="EUR")
    assert account.available_micros == units("58.80")
    correction = account.journal[-1]
    assert (correction.source, correction.target) == (LedgerAccount.REVENUE_OUTBOUND, LedgerAccount.CUSTOMER_CREDITS)
    assert (correction.amount_micros, correction.reason) == (units("1.80"), TransferReason.CALL_CORRECTION)
    assert account.end(120) == account.end(0)
    assert account.available_micros == units("58.80")


def test_a_true_end_never_corrects_upwards() -> None:
    account = _reaped()
    assert account.end(350) == Ended(duration_seconds=300, charged_micros=units("3"), currency="EUR")
    assert account.call.overrun_seconds == 50
    assert account.available_micros == units("57")


def test_a_true_end_of_a_call_charged_by_its_last_report_adds_nothing() -> None:
    account = _running(charging=ChargingTerms(silence_charges_grant=False))
    account.wait(seconds=100)
    account.update(1, 100)
    account.wait(seconds=1_000)
    account.reap()
    assert account.end(200) == Ended(duration_seconds=100, charged_micros=units("1"), currency="EUR")


def test_a_late_end_of_absurd_seconds_gives_the_whole_charge_back_and_no_more() -> None:
    account = _reaped()
    assert account.end(-5) == Ended(duration_seconds=0, charged_micros=0, currency="EUR")
    assert account.available_micros == units("60")


def test_an_emergency_call_that_fell_silent_may_end_late_too() -> None:
    account = books(balance="60")
    account.authorise(callee="112", service=Service.EMERGENCY, answered=True)
    account.wait(seconds=400)
    account.reap()
    assert account.end(100) == Ended(duration_seconds=100, charged_micros=0, currency="EUR")
    assert account.call.state is SessionState.ENDED


def test_what_a_correction_gives_back_to_an_expired_lot_is_breakage() -> None:
    account = books()
    gift = account.grant_promotion("10", NOON + 350 * SECOND)
    account.authorise(answered=True)
    account.wait(seconds=400)
    account.reap()
    assert account.ledger_micros(LedgerAccount.BREAKAGE) == units("7")
    assert account.account.lots == ()
    account.end(100)
    assert account.journal[-1].lot_id == gift
    assert account.ledger_micros(LedgerAccount.BREAKAGE) == units("9")
    assert account.ledger_micros(LedgerAccount.REVENUE_OUTBOUND) == units("1")
    assert account.ledger_micros() == account.available_micros == 0


# ---- lots that expire under a call


def test_a_call_spends_what_it_holds_on_a_lot_that_has_expired_meanwhile() -> None:
    account = books()
    account.grant_promotion("3", NOON + 100 * SECOND)
    account.authorise(answered=True)
    account.wait(seconds=300)
    extended = _granted(account.update(1, 300))
    assert (extended.charged_micros, extended.granted_seconds, extended.final) == (units("3"), 300, True)
    assert account.end(300) == Ended(duration_seconds=300, charged_micros=units("3"), currency="EUR")
    assert account.ledger_micros(LedgerAccount.BREAKAGE) == 0


def test_a_call_is_extended_by_lots_that_live_and_not_by_those_that_have_expired() -> None:
    account = books()
    account.grant_promotion("10", NOON + 100 * SECOND)
    account.grant_promotion("1", NOON + timedelta(days=1))
    account.authorise(answered=True)
    account.wait(seconds=300)
    extended = _granted(account.update(1, 300))
    assert (extended.granted_seconds, extended.final, extended.held_micros) == (400, True, units("1"))
    assert account.ledger_micros(LedgerAccount.BREAKAGE) == units("7")


def test_what_a_call_leaves_unused_of_an_expired_lot_is_breakage() -> None:
    account = books()
    account.grant_promotion("3", NOON + 100 * SECOND)
    account.authorise(answered=True)
    account.wait(seconds=200)
    account.end(200)
    assert account.ledger_micros(LedgerAccount.BREAKAGE) == units("1")
    assert account.ledger_micros() == 0
