"""Fifty real SIP calls, sipp to Kamailio to sipp: authorised, cut, extended, refused, and told to the last second."""

import math

import pytest

from tests.stories.books import Ledger, price_micros
from tests.stories.sip.accounts import PROBE, SHORT_SECONDS
from tests.stories.sip.charged_story import ChargedStory, tell_charged_story
from tests.stories.sip.plan import EXTENDED_SECONDS, Outcome, StoryNumbers
from tests.stories.sip.story import SipCall, SipStory, missing_programs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
    pytest.mark.timeout(180),
]

CALLS = 50
REFUSED_SECONDS_MAX = 0.05

NUMBERS = StoryNumbers(
    funded="+40721000001",
    empty="+40721000002",
    unknown="+40721999999",
    short=tuple(f"+4072100010{digit}" for digit in range(6)),
    callee_prefix="+4931100000",
)


@pytest.fixture(scope="module")
def charged(tmp_path_factory: pytest.TempPathFactory) -> ChargedStory:
    return tell_charged_story(NUMBERS, tmp_path_factory.mktemp("system"), calls=CALLS)


@pytest.fixture(scope="module")
def story(charged: ChargedStory) -> SipStory:
    return charged.story


@pytest.fixture(scope="module")
def ledger(charged: ChargedStory) -> Ledger:
    return charged.ledger


def _answered(story: SipStory) -> list[SipCall]:
    return [call for call in story.calls if call.status_code == 200 and call.chapter != "emergency"]


def test_fifty_calls_came_to_what_was_planned(story: SipStory) -> None:
    assert len(story.calls) == CALLS
    assert [call for call in story.calls if not call.as_planned] == []


def test_the_seconds_told_are_the_seconds_talked_rounded_up_and_never_beyond_the_grant(story: SipStory) -> None:
    for call in _answered(story):
        assert call.used_seconds is not None
        assert call.granted_seconds is not None
        assert call.used_seconds <= call.granted_seconds, call
        if call.outcome is not Outcome.CUT:
            assert abs(call.used_seconds - math.ceil(call.talk_seconds)) <= 2, call


def test_a_call_is_cut_on_both_sides_when_its_credit_ends(story: SipStory) -> None:
    for call in story.of("cut"):
        assert call.granted_seconds == call.used_seconds == SHORT_SECONDS
        assert SHORT_SECONDS - 1 <= call.talk_seconds <= SHORT_SECONDS + 4


def test_a_call_with_funds_is_extended_before_its_slice_ends(story: SipStory) -> None:
    (call,) = story.of("extended")
    assert call.extensions >= 1
    assert call.talk_seconds >= EXTENDED_SECONDS - 0.5


def test_a_refused_caller_is_told_why(story: SipStory) -> None:
    assert {call.refusal_code for call in story.of("no-funds")} == {"insufficient_funds"}
    assert {call.refusal_code for call in story.of("nobody")} == {"unknown_number"}


def test_an_unanswered_call_has_used_nothing(story: SipStory) -> None:
    assert [call.used_seconds for call in story.of("busy") + story.of("cancelled")] == [0, 0]


def test_without_charging_a_call_is_refused_within_milliseconds_and_an_emergency_call_passes(story: SipStory) -> None:
    refused = story.of("down")
    assert {(call.status_code, call.refusal_code) for call in refused} == {(503, "charging_unavailable")}
    assert min(call.setup_seconds for call in refused) < REFUSED_SECONDS_MAX, "a busy machine may spoil some of them"
    (emergency,) = story.of("emergency")
    assert emergency.status_code == 200


def test_a_charging_process_that_gives_no_answer_delays_the_refusal_by_two_seconds_at_most(story: SipStory) -> None:
    assert {call.refusal_code for call in story.of("stalled")} == {"charging_unavailable"}
    assert min(call.setup_seconds for call in story.of("stalled")) < 2, "a busy machine may spoil some of them"


def test_what_happened_while_charging_was_away_is_told_when_it_is_back(story: SipStory, ledger: Ledger) -> None:
    assert story.reports_kept >= 1
    assert story.everything_told
    (outlasting,) = story.of("outlasting")
    booked = ledger.call(outlasting.session_id)
    assert booked is not None
    assert (booked.state, booked.duration_seconds) == ("ended", outlasting.used_seconds)


def test_the_books_hold_the_seconds_that_the_switch_told(story: SipStory, ledger: Ledger) -> None:
    without_grant = {call.chapter for call in story.calls if call.granted_seconds is None}
    assert without_grant == {"no-funds", "nobody", "down", "stalled", "emergency"}
    for call in (call for call in story.calls if call.granted_seconds is not None):
        booked = ledger.call(call.session_id)
        assert booked is not None, call
        assert (booked.state, booked.duration_seconds) == ("ended", call.used_seconds), call


def test_every_call_is_charged_the_price_of_its_seconds_and_never_more_than_its_grant(
    story: SipStory, ledger: Ledger
) -> None:
    granted = {call.session_id: call.granted_seconds for call in story.calls}
    for account in ledger.accounts.values():
        for session_id, booked in account.calls.items():
            paid_seconds = 0 if booked.service == "emergency" else booked.duration_seconds
            assert booked.charged_micros == price_micros(paid_seconds), session_id
            if paid_seconds:
                assert booked.charged_micros <= price_micros(granted[session_id] or 0), session_id


def test_the_ledgers_sum_equals_the_calls_to_the_millionth(ledger: Ledger) -> None:
    for number, account in ledger.accounts.items():
        assert account.charged_micros == account.journal_micros == account.funds_micros - account.posted_micros, number
        assert account.held_micros == sum(call.held_micros for call in account.calls.values()) == 0, number
    assert ledger.discrepancies == ()


def test_a_call_that_was_cut_has_spent_everything(ledger: Ledger) -> None:
    assert [ledger.accounts[number].posted_micros for number in NUMBERS.short] == [0] * len(NUMBERS.short)


def test_the_books_remember_who_was_refused_and_charge_nothing_for_it(story: SipStory, ledger: Ledger) -> None:
    refused = list(ledger.accounts[NUMBERS.empty].calls.values())
    assert len(refused) == len(story.of("no-funds"))
    assert {(call.state, call.refusal, call.charged_micros) for call in refused} == {
        ("refused", "insufficient_funds", 0)
    }
    assert ledger.accounts[PROBE].charged_micros == 0


def test_the_switch_reports_no_broken_state(story: SipStory) -> None:
    assert [line for line in story.troubles if "CRITICAL" in line or "BUG" in line] == []
