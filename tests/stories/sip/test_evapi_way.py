"""Seven hundred real calls through the Kamailio that is linked over evapi, and what charging tells it in mid-call."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from commcredits.settings.kamailio import KamailioLink
from tests.stories.sip import linked_story
from tests.stories.sip.evapi_switch import EvapiSettings, LinkedSwitch
from tests.stories.sip.linked_story import LinkedStory, Ports, Way, tell_linked_story
from tests.stories.sip.ports import LOOPBACK
from tests.stories.sip.story import missing_programs
from tests.stories.sip.test_http_way import (
    ledger,
    test_an_operators_cut_ends_the_call_within_a_second_and_is_its_cause,
    test_callers_without_funds_are_refused_with_402,
    test_calls_outlast_a_kill_of_charging_and_are_charged_what_they_talked,
    test_calls_that_the_switch_forgot_by_a_restart_are_ended_and_flagged,
    test_fifty_calls_are_cut_on_both_sides_at_the_end_of_their_credit,
    test_funds_that_arrive_extend_a_running_call_within_a_second,
    test_no_call_of_hundreds_at_fifty_a_second_is_lost,
    test_the_books_hold_the_seconds_that_the_switch_told_and_their_price,
    test_the_sums_of_calls_journal_and_balances_are_equal_to_the_millionth,
)

__all__ = [
    "ledger",
    "test_an_operators_cut_ends_the_call_within_a_second_and_is_its_cause",
    "test_callers_without_funds_are_refused_with_402",
    "test_calls_outlast_a_kill_of_charging_and_are_charged_what_they_talked",
    "test_calls_that_the_switch_forgot_by_a_restart_are_ended_and_flagged",
    "test_fifty_calls_are_cut_on_both_sides_at_the_end_of_their_credit",
    "test_funds_that_arrive_extend_a_running_call_within_a_second",
    "test_no_call_of_hundreds_at_fifty_a_second_is_lost",
    "test_the_books_hold_the_seconds_that_the_switch_told_and_their_price",
    "test_the_sums_of_calls_journal_and_balances_are_equal_to_the_millionth",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.alone,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
    pytest.mark.timeout(240),
]

SECRET = "secret-of-the-link"


def _link(ports: Ports) -> KamailioLink:
    return KamailioLink(way="evapi", address=f"{LOOPBACK}:{ports.link}", secret=SecretStr(SECRET))


def _switch(ports: Ports, _charging_url: str, directory: Path) -> LinkedSwitch:
    settings = EvapiSettings(
        sip_port=ports.sip,
        next_hop_port=ports.callee,
        link_port=ports.link,
        link_secret=SECRET,
        slice_seconds=linked_story.SLICE_SECONDS,
        renewal_lead_seconds=linked_story.RENEWAL_LEAD_SECONDS,
        renewal_retry_seconds=linked_story.RENEWAL_RETRY_SECONDS,
    )
    return LinkedSwitch(settings, directory)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> LinkedStory:
    way = Way(link=_link, switch=_switch)
    return asyncio.run(tell_linked_story(way, tmp_path_factory.mktemp("system"), tmp_path_factory.mktemp("calls")))
