"""What an operator should look at: calls whose switch said something that cannot be, or nothing at all."""

from msgspec.structs import replace

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import RecordCall, Service
from commcredits.core.flags import CLOCK_TOLERANCE_SECONDS, DEBITED, GONE, FlagKind
from commcredits.core.outcomes import Ended, Refused
from tests.core.books import CALLEE, CALLER, NOON, ORGANIZATION, Books, books


def _running(switch: str = "") -> Books:
    account = books(balance="60")
    account.authorise(switch=switch)
    account.start()
    return account


def _kinds(account: Books) -> set[FlagKind]:
    return {kind for _session_id, kind in account.flags}


def test_a_call_that_goes_as_it_should_has_no_flag() -> None:
    account = _running()
    account.wait(seconds=295)
    account.update(1, 295)
    account.wait(seconds=100)
    account.end(395)
    assert account.flags == {}


def test_a_report_within_the_tolerance_of_two_clocks_has_no_flag() -> None:
    account = _running()
    account.wait(seconds=100)
    account.end(100 + CLOCK_TOLERANCE_SECONDS)
    assert account.flags == {}


def test_where_calls_pass_faster_than_the_clock_an_overrun_alone_is_flagged() -> None:
    account = books(balance="60", charging=ChargingTerms(clock_tolerance_seconds=86_400))
    account.authorise()
    account.start()
    account.update(1, 290)
    assert account.flags == {}
    account.end(2_000)
    assert _kinds(account) == {FlagKind.OVERRUN}


def test_more_seconds_than_have_passed_are_flagged_and_the_charge_stays_within_the_grant() -> None:
    account = _running()
    account.wait(seconds=100)
    outcome = account.end(250)
    assert isinstance(outcome, Ended)
    assert outcome.duration_seconds == 250
    flag = account.flags["call-1", FlagKind.AHEAD_OF_THE_CLOCK]
    assert dict(flag.facts) == {"reported_seconds": 250, "passed_seconds": 100}


def test_a_call_that_outlives_its_grant_is_flagged_once() -> None:
    account = _running()
    account.wait(seconds=400)
    account.update(1, 350)
    account.wait(seconds=400)
    account.end(800)
    assert _kinds(account) == {FlagKind.OVERRUN}
    assert account.flags["call-1", FlagKind.OVERRUN].facts == {"reported_seconds": 350, "granted_seconds": 300}


def test_an_answered_call_that_fell_silent_is_flagged_and_one_that_only_rang_is_not() -> None:
    account = _running()
    account.authorise("call-2")
    account.wait(seconds=900)
    account.reap()
    account.reap("call-2")
    assert set(account.flags) == {("call-1", FlagKind.SILENT)}
    assert account.flags["call-1", FlagKind.SILENT].facts == {"reported_seconds": 0, "charged_seconds": 300}


def test_what_silence_charges_is_in_its_flag() -> None:
    account = books(balance="60", charging=ChargingTerms(silence_charges_grant=False))
    account.authorise()
    account.start()
    account.wait(seconds=60)
    account.update(1, 60)
    account.wait(seconds=900)
    account.reap()
    assert account.flags["call-1", FlagKind.SILENT].facts == {"reported_seconds": 60, "charged_seconds": 60}


def test_a_call_id_that_another_switch_claims_is_a_conflict_and_flagged() -> None:
    account = _running(switch="kamailio:edge-1")
    assert account.authorise(switch="kamailio:edge-1") is not None
    assert account.flags == {}
    assert isinstance(account.authorise(switch="kamailio:edge-2"), Refused)
    flag = account.flags["call-1", FlagKind.CLAIMED_TWICE]
    assert dict(flag.facts) == {"first_switch": "kamailio:edge-1", "second_switch": "kamailio:edge-2"}


def test_the_link_of_a_call_is_kept_with_it() -> None:
    account = _running(switch="diameter:ocs.example.com")
    assert account.call.terms.switch == "diameter:ocs.example.com"


def test_a_call_that_its_switch_lost_is_ended_and_flagged() -> None:
    account = _running()
    account.wait(seconds=90)
    account.end(90, cause=GONE)
    flag = account.flags["call-1", FlagKind.GONE_FROM_SWITCH]
    assert dict(flag.facts) == {"reported_seconds": 0, "charged_seconds": 90}


def test_a_call_that_was_paid_for_in_advance_is_ahead_of_no_clock() -> None:
    account = books(balance="60")
    account.authorise(slice_seconds=300)
    account.end(300, cause=DEBITED)
    assert account.flags == {}


def test_a_flag_tells_no_telephone_number() -> None:
    account = _running()
    account.authorise(callee="+442079460099")
    account.end(10_000)
    texts = " ".join(str(flag) for flag in account.flags.values())
    assert CALLER not in texts
    assert CALLEE not in texts
    assert "+442079460099" not in texts


def test_a_call_told_after_the_fact_is_flagged_for_nothing() -> None:
    account = books(balance="60")
    account.do(
        RecordCall(
            organization_id=ORGANIZATION,
            record_id="record-1",
            service=Service.OUTBOUND,
            caller=CALLER,
            callee=CALLEE,
            started_at=NOON.replace(hour=1),
            duration_seconds=3_600,
        )
    )
    assert replace(account.account).owed_micros == 0
    assert account.flags == {}
