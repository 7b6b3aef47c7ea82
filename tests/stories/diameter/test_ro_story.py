"""Fifty real calls through Kamailio's ims_charging: slices, final units, cuts, refusals, told to the last second."""

from __future__ import annotations

import math

import pytest

from tests.stories.books import Account, price_micros
from tests.stories.diameter import dissection
from tests.stories.diameter.ro_story import RoStory, missing_programs, tell_ro_story
from tests.stories.sip.accounts import PROBE
from tests.stories.sip.phones import Calls, Leg

pytestmark = [
    pytest.mark.slow,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
    pytest.mark.timeout(240),
]

FUNDED = "+40721000001"
EMPTY = "+40721000002"
UNKNOWN = "+40721999999"
SHORT = tuple(f"+4072100010{digit}" for digit in range(4))
CALLEE = "+4931100000"
ANSWERS, HANGS_UP, BUSY, ONLY_RINGS = (f"{CALLEE}{digit}" for digit in "1234")
FUNDS_MICROS = 50_000_000
SHORT_SECONDS = 6
EXTENDED_SECONDS = 9


def _groups() -> list[Calls]:
    def waiting(name: str, pairs: list[tuple[str, str]]) -> Calls:
        return Calls(name=name, scenario="caller_waits", pairs=pairs)

    def talking(name: str, pairs: list[tuple[str, str]], seconds: float) -> Calls:
        return Calls(name=name, scenario="caller_hangs_up", pairs=pairs, pause_milliseconds=round(seconds * 1000))

    return [
        talking("extended", [(FUNDED, ANSWERS)] * 3, EXTENDED_SECONDS),
        waiting("cut", [(caller, ANSWERS) for caller in SHORT]),
        talking("by-caller", [(FUNDED, ANSWERS)] * 22, 1.7),
        waiting("by-callee", [(FUNDED, HANGS_UP)] * 10),
        waiting("no-funds", [(EMPTY, ANSWERS)] * 4),
        waiting("nobody", [(UNKNOWN, ANSWERS)] * 2),
        waiting("busy", [(FUNDED, BUSY)] * 2),
        Calls(
            name="cancelled",
            scenario="caller_gives_up",
            pairs=[(FUNDED, ONLY_RINGS)] * 2,
            pause_milliseconds=500,
        ),
        talking("emergency", [(EMPTY, "112")], 1.2),
    ]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> RoStory:
    funds = {FUNDED: FUNDS_MICROS, EMPTY: 0, **dict.fromkeys(SHORT, price_micros(SHORT_SECONDS))}
    return tell_ro_story(_groups(), funds, tmp_path_factory.mktemp("ro"))


def _status(leg: Leg) -> int:
    answer = leg.first("INVITE", answer=True)
    return (answer.status_code or 0) if answer else 0


def _account(story: RoStory, number: str) -> Account:
    return story.ledger.accounts[number]


def test_every_caller_heard_what_was_planned(story: RoStory) -> None:
    heard = {name: {_status(leg) for leg in legs.values()} for name, legs in story.legs.items()}
    assert heard == {
        "extended": {200},
        "cut": {200},
        "by-caller": {200},
        "by-callee": {200},
        "no-funds": {402},
        "nobody": {403},
        "busy": {486},
        "cancelled": {487},
        "emergency": {200},
    }
    assert sum(len(legs) for legs in story.legs.values()) == 50
    assert list(story.complaints) == []


def test_a_call_goes_on_slice_by_slice(story: RoStory) -> None:
    for leg in story.of("extended"):
        assert leg.talk_seconds >= EXTENDED_SECONDS - 0.5


def test_a_call_is_cut_on_both_sides_when_its_credit_ends(story: RoStory) -> None:
    for leg in story.of("cut"):
        bye = leg.first("BYE")
        assert bye is not None
        assert not bye.sent
        callee_bye = story.callees[leg.call_id].first("BYE")
        assert callee_bye is not None
        assert not callee_bye.sent
        assert SHORT_SECONDS - 1.5 <= leg.talk_seconds <= SHORT_SECONDS + 5


def test_a_call_that_was_cut_has_spent_everything_and_no_more(story: RoStory) -> None:
    for number in SHORT:
        account = _account(story, number)
        (call,) = account.calls.values()
        assert (call.state, account.posted_micros, account.held_micros) == ("ended", 0, 0)
        assert call.duration_seconds == SHORT_SECONDS


def test_the_seconds_in_the_books_are_those_talked_rounded_up(story: RoStory) -> None:
    talked = sorted(
        math.ceil(leg.talk_seconds) for group in ("extended", "by-caller", "by-callee") for leg in story.of(group)
    )
    booked = sorted(call.duration_seconds for call in _account(story, FUNDED).calls.values() if call.duration_seconds)
    assert len(booked) == len(talked)
    assert all(abs(seconds - heard) <= 2 for seconds, heard in zip(booked, talked, strict=True))


def test_an_unanswered_call_costs_nothing(story: RoStory) -> None:
    unanswered = [call for call in _account(story, FUNDED).calls.values() if not call.duration_seconds]
    assert len(unanswered) == len(story.of("busy")) + len(story.of("cancelled"))
    assert {(call.state, call.charged_micros) for call in unanswered} == {("ended", 0)}


def test_what_kamailio_reported_is_what_was_charged(story: RoStory) -> None:
    reported = sum(dissection.used_seconds(story.capture).values())
    calls = [call for account in story.ledger.accounts.values() for call in account.calls.values()]
    beyond = reported - sum(call.duration_seconds for call in calls)
    # A call that is cut ends up to a second after its grant; nobody is charged for that second.
    assert 0 <= beyond <= 2 * len(SHORT)
    for call in calls:
        assert call.charged_micros == price_micros(call.duration_seconds)


def test_the_ledgers_sum_equals_the_calls_to_the_millionth(story: RoStory) -> None:
    assert all(account.agrees for account in story.ledger.accounts.values())
    assert {
        number: account.held_micros for number, account in story.ledger.accounts.items() if account.held_micros
    } == {}
    assert story.ledger.discrepancies == ()


def test_who_was_refused_is_remembered_and_pays_nothing(story: RoStory) -> None:
    refused = _account(story, EMPTY).calls.values()
    assert len(refused) == len(story.of("no-funds"))
    assert {(call.state, call.refusal) for call in refused} == {("refused", "insufficient_funds")}
    assert _account(story, PROBE).charged_micros == 0


def test_an_emergency_call_passes_without_being_asked_for(story: RoStory) -> None:
    (leg,) = story.of("emergency")
    assert leg.talk_seconds > 1


def test_tshark_finds_nothing_malformed_in_what_we_say(story: RoStory) -> None:
    assert dissection.messages(story.capture, dissection.OURS) >= 80
    assert dissection.complaints(story.capture, dissection.OURS) == []


def test_kamailio_is_answered_with_the_codes_of_credit_control(story: RoStory) -> None:
    codes = dissection.result_codes(story.capture)
    # It ends sessions that were refused to it, too: nobody knows those.
    assert set(codes) == {2001, 4012, 5002, 5030}
    assert codes[5030] == 2 * len(story.of("nobody"))
    assert codes[4012] >= 2 * len(story.of("no-funds"))
