"""Five hundred real calls at fifty a second through Kamailio's ims_charging: none lost, fifty cut, sums exact."""

from __future__ import annotations

import pytest

from tests.stories.books import price_micros
from tests.stories.diameter import dissection
from tests.stories.diameter.ro_story import RoStory, missing_programs, tell_ro_story
from tests.stories.sip.phones import Calls, Leg

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
    pytest.mark.timeout(240),
]

CALLS = 450
CUT_CALLS = 50
RATE = 45
CUT_RATE = 5
FUNDED = tuple(f"+4072100000{digit}" for digit in range(10))
SHORT = tuple(f"+407210010{number:02}" for number in range(CUT_CALLS))
CALLEE = "+49311000001"
SHORT_SECONDS = 5
TALK_MILLISECONDS = 3_200


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> RoStory:
    groups = [
        Calls(
            name="talking",
            scenario="caller_hangs_up",
            pairs=[(FUNDED[number % len(FUNDED)], CALLEE) for number in range(CALLS)],
            calls_per_second=RATE,
            pause_milliseconds=TALK_MILLISECONDS,
        ),
        Calls(
            name="cut",
            scenario="caller_waits",
            pairs=[(number, CALLEE) for number in SHORT],
            calls_per_second=CUT_RATE,
        ),
    ]
    funds = {**dict.fromkeys(FUNDED, 50_000_000), **dict.fromkeys(SHORT, price_micros(SHORT_SECONDS))}
    return tell_ro_story(groups, funds, tmp_path_factory.mktemp("ro"))


def _answered(leg: Leg) -> bool:
    answer = leg.first("INVITE", answer=True)
    return answer is not None and answer.status_code == 200


def test_no_call_of_five_hundred_is_lost(story: RoStory) -> None:
    assert sum(_answered(leg) for legs in story.legs.values() for leg in legs.values()) == CALLS + CUT_CALLS
    assert list(story.complaints) == []


def test_every_call_is_in_the_books_and_ended(story: RoStory) -> None:
    accounts = story.ledger.accounts
    calls = [call for number in (*FUNDED, *SHORT) for call in accounts[number].calls.values()]
    assert len(calls) == CALLS + CUT_CALLS
    assert {call.state for call in calls} == {"ended"}


def test_every_call_out_of_credit_is_cut_by_the_proxy_and_has_spent_all_of_it(story: RoStory) -> None:
    for leg in story.of("cut"):
        bye = leg.first("BYE")
        assert bye is not None
        assert not bye.sent
    assert [story.ledger.accounts[number].posted_micros for number in SHORT] == [0] * CUT_CALLS


def test_the_sums_are_exact_to_the_millionth(story: RoStory) -> None:
    for account in story.ledger.accounts.values():
        assert account.agrees
        assert account.held_micros == 0
        for call in account.calls.values():
            assert call.charged_micros == price_micros(call.duration_seconds)
    assert story.ledger.discrepancies == ()


def test_what_was_reported_is_what_was_charged_but_for_the_seconds_after_a_cut(story: RoStory) -> None:
    reported = sum(dissection.used_seconds(story.capture).values())
    charged = sum(
        call.duration_seconds for account in story.ledger.accounts.values() for call in account.calls.values()
    )
    assert 0 <= reported - charged <= 2 * CUT_CALLS


def test_tshark_finds_nothing_malformed_in_what_we_say(story: RoStory) -> None:
    assert dissection.messages(story.capture, dissection.OURS) > CALLS
    assert dissection.complaints(story.capture, dissection.OURS) == []
