"""Nearly seven hundred real calls through the Kamailio that asks over HTTP, and what charging tells it in mid-call."""

import asyncio
import math
from pathlib import Path

import pytest
from pydantic import SecretStr

from commcredits.settings.kamailio import KamailioLink
from tests.stories.books import Ledger, LedgerCall, price_micros
from tests.stories.sip import linked_story
from tests.stories.sip.linked_story import LINK_NAME, LinkedStory, Ports, Way, tell_linked_story
from tests.stories.sip.ports import LOOPBACK
from tests.stories.sip.story import SipCall, missing_programs
from tests.stories.sip.switch import Switch, SwitchSettings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
    pytest.mark.timeout(240),
]

SECRET = "secret-of-the-control-endpoint"


def _link(ports: Ports) -> KamailioLink:
    return KamailioLink(way="http", address=f"{LOOPBACK}:{ports.link}", secret=SecretStr(SECRET))


def _switch(ports: Ports, charging_url: str, directory: Path) -> Switch:
    settings = SwitchSettings(
        sip_port=ports.sip,
        next_hop_port=ports.callee,
        charging_url=charging_url,
        token=linked_story.TOKEN,
        slice_seconds=linked_story.SLICE_SECONDS,
        renewal_lead_seconds=linked_story.RENEWAL_LEAD_SECONDS,
        renewal_retry_seconds=linked_story.RENEWAL_RETRY_SECONDS,
        switch_name=LINK_NAME,
        control_port=ports.link,
        control_secret=SECRET,
    )
    return Switch(settings, directory)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> LinkedStory:
    way = Way(link=_link, switch=_switch)
    return asyncio.run(tell_linked_story(way, tmp_path_factory.mktemp("system"), tmp_path_factory.mktemp("calls")))


@pytest.fixture
def ledger(story: LinkedStory) -> Ledger:
    return story.ledger


def _booked(ledger: Ledger, call: SipCall) -> LedgerCall:
    booked = ledger.call(call.session_id)
    assert booked is not None, call
    return booked


def _granted(story: LinkedStory) -> list[SipCall]:
    return [call for call in story.calls if call.granted_seconds is not None]


def test_no_call_of_hundreds_at_fifty_a_second_is_lost(story: LinkedStory) -> None:
    assert len(story.of("many")) == 500
    assert [call for call in story.calls if not call.as_planned] == []
    assert story.complaints == ()


def test_fifty_calls_are_cut_on_both_sides_at_the_end_of_their_credit(story: LinkedStory, ledger: Ledger) -> None:
    assert len(story.of("cut")) == 50
    for call in story.of("cut"):
        assert call.granted_seconds == call.used_seconds == linked_story.SHORT_SECONDS
        assert ledger.accounts[call.caller].posted_micros == 0


def test_callers_without_funds_are_refused_with_402(story: LinkedStory) -> None:
    refused = story.of("no-funds")
    assert {(call.status_code, call.refusal_code) for call in refused} == {(402, "insufficient_funds")}
    assert len(refused) == 50


def test_funds_that_arrive_extend_a_running_call_within_a_second(story: LinkedStory) -> None:
    assert len(story.extended_after) == len(linked_story.TOPPED_UP)
    assert min(story.extended_after.values()) < 1, "a busy machine may spoil some of them"
    for call in story.of("topped-up"):
        assert call.talk_seconds >= linked_story.LONG_SECONDS - 0.5 > linked_story.TOPPED_UP_SECONDS


def test_an_operators_cut_ends_the_call_within_a_second_and_is_its_cause(story: LinkedStory, ledger: Ledger) -> None:
    assert len(story.cut_after) == 3
    assert min(story.cut_after.values()) < 1, "a busy machine may spoil some of them"
    assert {_booked(ledger, call).cause for call in story.of("ordered")} == {"fraud"}


def test_calls_outlast_a_kill_of_charging_and_are_charged_what_they_talked(story: LinkedStory, ledger: Ledger) -> None:
    assert len(story.of("outlasting")) == 20
    for call in story.of("outlasting"):
        assert call.extensions >= 1
        assert call.used_seconds is not None
        assert abs(call.used_seconds - math.ceil(call.talk_seconds)) <= 2
        assert _booked(ledger, call).charged_micros == price_micros(call.used_seconds)


def test_calls_that_the_switch_forgot_by_a_restart_are_ended_and_flagged(story: LinkedStory, ledger: Ledger) -> None:
    forgotten = story.of("lasting")
    assert len(forgotten) == 5
    assert set(story.flags) == {(call.session_id, "gone_from_switch") for call in forgotten}
    for call in forgotten:
        booked = _booked(ledger, call)
        assert (booked.state, booked.cause) == ("ended", "gone_from_switch")
        assert linked_story.LONG_SECONDS <= booked.duration_seconds <= 60


def test_the_books_hold_the_seconds_that_the_switch_told_and_their_price(story: LinkedStory, ledger: Ledger) -> None:
    for call in _granted(story):
        booked = _booked(ledger, call)
        assert booked.state == "ended", call
        assert booked.charged_micros == price_micros(booked.duration_seconds), call
        assert booked.duration_seconds <= (call.granted_seconds or 0), call
        if call.used_seconds is not None:
            assert booked.duration_seconds == call.used_seconds, call


def test_the_sums_of_calls_journal_and_balances_are_equal_to_the_millionth(ledger: Ledger) -> None:
    for number, account in ledger.accounts.items():
        assert account.agrees, number
        assert account.held_micros == 0, number
    assert ledger.discrepancies == ()
