"""Fifty real SIP calls, sipp to Kamailio to sipp: authorised, cut, extended, refused, and told to the last second."""

import math
from collections.abc import Iterator

import pytest

from tests.stories.sip.charging_stand_in import Books, ChargingStandIn, Purse
from tests.stories.sip.plan import EXTENDED_SECONDS, Outcome, StoryNumbers
from tests.stories.sip.story import SipCall, SipStory, missing_programs, run_sip_story

pytestmark = [
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

TOKEN = "loopback-token"
PRICE_PER_SECOND_MICROS = 1_000
SHORT_SECONDS = 3
CALLS = 50

NUMBERS = StoryNumbers(
    funded="+40721000001",
    empty="+40721000002",
    unknown="+40721999999",
    short=tuple(f"+4072100010{digit}" for digit in range(6)),
    callee_prefix="+4931100000",
)


@pytest.fixture(scope="module")
def books() -> Books:
    def purse(name: str, seconds: int) -> Purse:
        price = PRICE_PER_SECOND_MICROS
        return Purse(organization_id=name, balance_micros=seconds * price, price_per_second_micros=price)

    short = {number: purse(f"short-{number[-1]}", SHORT_SECONDS) for number in NUMBERS.short}
    return Books(
        token=TOKEN, numbers={NUMBERS.funded: purse("funded", 100_000), NUMBERS.empty: purse("empty", 0), **short}
    )


@pytest.fixture(scope="module")
def story(books: Books) -> Iterator[SipStory]:
    with ChargingStandIn(books) as charging:
        yield run_sip_story(charging.url, TOKEN, NUMBERS, calls=CALLS)


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
            assert abs(call.used_seconds - math.ceil(call.talk_seconds)) <= 1, call


def test_a_call_is_cut_on_both_sides_when_its_credit_ends(story: SipStory) -> None:
    for call in story.of("cut"):
        assert call.granted_seconds == call.used_seconds == SHORT_SECONDS
        assert SHORT_SECONDS - 1 <= call.talk_seconds <= SHORT_SECONDS + 1.5


def test_a_call_with_funds_is_extended_before_its_slice_ends(story: SipStory) -> None:
    (call,) = story.of("extended")
    assert call.extensions >= 1
    assert call.talk_seconds >= EXTENDED_SECONDS


def test_a_refused_caller_is_told_why(story: SipStory) -> None:
    assert {call.refusal_code for call in story.of("no-funds")} == {"insufficient_funds"}
    assert {call.refusal_code for call in story.of("nobody")} == {"unknown_number"}


def test_an_unanswered_call_has_used_nothing(story: SipStory) -> None:
    assert [call.used_seconds for call in story.of("busy") + story.of("cancelled")] == [0, 0]


def test_without_charging_a_call_is_refused_at_once_and_an_emergency_call_passes(story: SipStory) -> None:
    (refused,) = story.of("down")
    assert refused.refusal_code == "charging_unavailable"
    assert refused.setup_seconds < 1
    (emergency,) = story.of("emergency")
    assert emergency.status_code == 200
    assert emergency.setup_seconds < 1


def test_a_charging_process_that_gives_no_answer_delays_the_refusal_by_two_seconds_at_most(story: SipStory) -> None:
    assert {call.refusal_code for call in story.of("stalled")} == {"charging_unavailable"}
    assert max(call.setup_seconds for call in story.of("stalled")) < 2


def test_what_happened_while_charging_was_away_is_told_when_it_is_back(story: SipStory, books: Books) -> None:
    assert story.reports_kept >= 1
    assert story.everything_told
    assert [session for session in books.sessions.values() if not session.ended] == []


def test_the_books_hold_the_seconds_that_the_switch_told(story: SipStory, books: Books) -> None:
    told = {call.session_id: call.used_seconds for call in story.calls if call.used_seconds is not None}
    booked = {session_id: session.used_seconds for session_id, session in books.sessions.items()}
    assert {session_id: booked[session_id] for session_id in told} == told
    assert sum(purse.held_micros for purse in books.numbers.values()) == 0
    paid = {session.session_id for session in books.sessions.values() if session.service != "emergency"}
    seconds = sum(booked[session_id] for session_id in paid)
    spent = (100_000 + SHORT_SECONDS * len(NUMBERS.short)) * PRICE_PER_SECOND_MICROS
    left = sum(purse.balance_micros for purse in books.numbers.values())
    assert spent - left == seconds * PRICE_PER_SECOND_MICROS


def test_the_switch_reports_no_broken_state(story: SipStory) -> None:
    assert [line for line in story.troubles if "CRITICAL" in line or "BUG" in line] == []
