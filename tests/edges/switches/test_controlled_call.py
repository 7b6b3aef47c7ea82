"""A call whose limit we hold asks, starts, extends, warns, cuts and ends when it is due, whatever comes in between."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.commands import End, Start, Update
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.edges.switches.controlled_call import CallState
from commcredits.edges.switches.switch_side import CREDIT_ENDED, NOT_CHARGED
from tests.edges.switches.stage import BUSY, ORGANIZATION, Stage


def test_a_call_is_admitted_started_and_ended() -> None:
    stage = Stage()
    stage.ask()
    assert stage.switch.told == [("admit", ORGANIZATION, 60)]
    stage.clock.advance(5)
    stage.call.answered()
    stage.clock.advance(20)
    stage.call.hung_up(21, "normal\x00_clearing")
    assert stage.verbs == ["Authorise", "Start", "End"]
    assert stage.books.of(End) == [
        End(organization_id=ORGANIZATION, session_id="call-1", used_seconds=21, cause="normal_clearing")
    ]
    assert (stage.call.state, stage.over, stage.clock.waiting) == (CallState.OVER, 1, 0)


def test_a_refused_call_is_over_and_leaves_nothing() -> None:
    stage = Stage()
    stage.ask(caller="+40299999999")
    assert stage.switch.told == [("refuse", RefusalCode.UNKNOWN_NUMBER)]
    stage.call.hung_up(0)
    stage.call.forget()
    assert (stage.verbs, stage.over, stage.clock.waiting) == ([], 1, 0)


def test_each_slice_is_asked_for_before_the_last_one_ends() -> None:
    stage = Stage(lead_seconds=15)
    stage.run()
    stage.clock.advance(44.9)
    assert stage.switch.told == []
    stage.clock.advance(0.2)
    assert stage.switch.told == [("limit", 105)]
    stage.clock.advance(100)
    assert stage.switch.told == [("limit", 105), ("limit", 150), ("limit", 195)]
    assert [update.used_seconds for update in stage.books.of(Update)] == [45, 90, 135]


def test_a_slice_shorter_than_the_lead_is_asked_for_at_its_half() -> None:
    stage = Stage(seconds_max=8, lead_seconds=15)
    stage.run()
    stage.clock.advance(4.1)
    assert [update.used_seconds for update in stage.books.of(Update)] == [4]


def test_the_caller_is_warned_and_the_switch_cuts_before_we_do() -> None:
    stage = Stage(seconds_max=60, warning_seconds=10, grace_seconds=2)
    stage.run()
    stage.clock.advance(49)
    assert stage.switch.told == []
    stage.clock.advance(2)
    assert stage.switch.told == [("warn", 10)]
    stage.clock.advance(10.9)
    assert stage.switch.told == [("warn", 10)]
    stage.clock.advance(0.2)
    assert stage.switch.told == [("warn", 10), ("hang up", CREDIT_ENDED)]
    stage.call.hung_up(60, CREDIT_ENDED)
    assert stage.clock.waiting == 0


def test_money_that_arrives_takes_the_warning_and_the_cut_back() -> None:
    stage = Stage(seconds_max=60, warning_seconds=10)
    stage.run()
    stage.clock.advance(30)
    stage.books.seconds_max = 10_000
    stage.call.renew()
    assert stage.switch.told == [("limit", 90)]
    stage.clock.advance(35)
    assert ("warn", 10) not in stage.switch.told
    assert ("hang up", CREDIT_ENDED) not in stage.switch.told


def test_money_that_arrives_while_an_answer_is_on_its_way_is_asked_for_again() -> None:
    stage = Stage(seconds_max=60)
    stage.run()
    stage.clock.advance(10)
    stage.books.holds_back = True
    stage.call.renew()
    stage.call.renew()
    stage.call.renew()
    assert len(stage.books.of(Update)) == 1
    stage.books.release()
    assert len(stage.books.of(Update)) == 2
    first, second = stage.books.of(Update)
    assert second.request_number > first.request_number


def test_what_was_granted_is_never_shortened() -> None:
    stage = Stage()
    stage.run()
    stage.books.instead = [Granted(**{**stage.books.grant(), "granted_seconds": 20}, final=True)]
    stage.call.renew()
    assert stage.switch.told == []
    assert stage.call.granted_seconds == 60


def test_a_call_that_rings_is_extended_too_and_counts_from_its_answer() -> None:
    stage = Stage(seconds_max=30)
    stage.ask()
    stage.books.seconds_max = 10_000
    stage.clock.advance(20)
    stage.call.renew()
    assert stage.switch.told[1:] == [("limit", 60)]
    stage.clock.advance(100)
    stage.call.answered()
    assert stage.books.of(Update)[0].used_seconds == 0
    stage.clock.advance(44)
    assert len(stage.books.of(Update)) == 1


@pytest.mark.parametrize("code", [RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR])
def test_what_fails_for_the_moment_is_tried_again(code: RefusalCode) -> None:
    stage = Stage()
    stage.run()
    stage.books.instead = [Refused(code=code), Refused(code=code)]
    stage.clock.advance(48)
    assert stage.switch.told == [("limit", 107)]
    stage.books.instead = [Refused(code=code)] * 3
    stage.call.hung_up(48)
    stage.clock.advance(3)
    assert (stage.call.state, stage.over, len(stage.books.of(End))) == (CallState.OVER, 1, 4)


def test_an_end_that_is_never_taken_is_given_up() -> None:
    stage = Stage(end_tries_max=3)
    stage.run()
    stage.books.instead = [BUSY] * 10
    with structlog.testing.capture_logs() as lines:
        stage.call.hung_up(5)
        stage.clock.advance(60)
    assert (stage.over, len(stage.books.of(End)), stage.clock.waiting) == (1, 3, 0)
    assert [line["event"] for line in lines] == ["end of a call not taken"]


def test_a_start_that_fails_for_the_moment_is_made_good_by_a_report() -> None:
    stage = Stage()
    stage.ask()
    stage.books.instead = [BUSY]
    stage.call.answered()
    stage.clock.advance(1)
    assert [update.used_seconds for update in stage.books.of(Update)] == [1]


def test_a_number_that_another_has_passed_is_passed_again() -> None:
    stage = Stage()
    stage.run()
    stage.books.instead = [Refused(code=RefusalCode.STALE_REQUEST, facts={"newest": 5_000_000})]
    stage.clock.advance(47)
    assert stage.books.of(Update)[-1].request_number == 5_000_001
    assert stage.switch.told == [("limit", 106)]


@pytest.mark.parametrize("code", [RefusalCode.UNKNOWN_SESSION, RefusalCode.SESSION_ENDED])
def test_a_call_that_the_books_do_not_have_is_cut(code: RefusalCode) -> None:
    stage = Stage()
    stage.run()
    stage.books.instead = [Refused(code=code)]
    stage.call.renew()
    assert stage.switch.told == [("hang up", NOT_CHARGED)]


def test_a_cut_is_told_again_until_the_call_is_over_and_then_given_up() -> None:
    stage = Stage(tries_max=3, grace_seconds=2)
    stage.run()
    assert stage.call.cut("fraud")
    with structlog.testing.capture_logs() as lines:
        stage.clock.advance(60)
    assert stage.switch.told == [("hang up", "fraud")] * 3
    assert [line["event"] for line in lines] == ["call goes on though it was cut"]
    assert stage.call.cut("fraud")
    stage.call.hung_up(61, "fraud")
    assert not stage.call.cut("fraud")
    assert stage.clock.waiting == 0


def test_a_call_that_is_cut_is_not_extended_any_more() -> None:
    stage = Stage()
    stage.run()
    stage.books.holds_back = True
    stage.call.renew()
    stage.call.cut("fraud")
    stage.books.release()
    stage.call.renew()
    assert stage.switch.told == [("hang up", "fraud")]
    assert len(stage.books.of(Update)) == 1


def test_a_caller_who_waits_too_long_is_refused_as_busy_and_holds_nothing() -> None:
    stage = Stage(ask_seconds_max=3)
    stage.books.holds_back = True
    stage.ask()
    stage.clock.advance(3)
    assert stage.switch.told == [("refuse", RefusalCode.BUSY)]
    stage.books.release()
    assert stage.verbs == ["Authorise", "End"]
    assert stage.over == 1


@pytest.mark.parametrize("gives_up", [True, False])
def test_a_call_that_is_gone_before_it_is_decided_holds_nothing(*, gives_up: bool) -> None:
    stage = Stage()
    stage.books.holds_back = True
    stage.ask()
    if gives_up:
        stage.call.hung_up(0, "originator_cancel")
    else:
        stage.call.forget()
    stage.books.release()
    assert stage.verbs == ["Authorise", "End"]
    assert stage.switch.told == []
    assert stage.over == 1


def test_an_emergency_is_admitted_at_once_kept_alive_and_never_limited_or_cut() -> None:
    stage = Stage(seconds_max=60)
    stage.books.holds_back = True
    stage.ask(callee="112")
    assert stage.switch.told == [("admit", ORGANIZATION, None)]
    stage.books.release()
    stage.call.answered()
    stage.clock.advance(500)
    assert not stage.call.cut("operator")
    assert stage.switch.told == [("admit", ORGANIZATION, None)]
    assert len(stage.books.of(Update)) >= 1
    stage.call.hung_up(500)
    assert stage.books.of(End)[0].used_seconds == 500


def test_an_emergency_of_nobody_is_admitted_and_leaves_no_record() -> None:
    stage = Stage()
    stage.ask(callee="112", caller="+40299999999")
    stage.call.answered()
    stage.call.renew()
    stage.clock.advance(400)
    stage.call.hung_up(400)
    assert (stage.verbs, stage.over, stage.clock.waiting) == ([], 1, 0)


def test_a_call_that_was_answered_already_counts_from_its_admission() -> None:
    stage = Stage()
    stage.ask(answered=True)
    stage.clock.advance(46)
    assert stage.verbs == ["Authorise", "Update"]
    assert stage.books.of(Update)[0].used_seconds == 45


def test_a_call_taken_over_asks_at_once_and_sets_the_timer_anew() -> None:
    stage = Stage()
    stage.books.granted_seconds = 60
    stage.call.take_over(ORGANIZATION, began_seconds_ago=40, answered_seconds_ago=30.5, granted_seconds=60)
    (update,) = stage.books.of(Update)
    assert (update.used_seconds, update.request_number) == (30, 40_000)
    assert stage.switch.told == [("limit", 90)]
    assert stage.books.of(Start) == []


def test_a_call_taken_over_in_its_first_second_is_started() -> None:
    stage = Stage()
    stage.call.take_over(ORGANIZATION, began_seconds_ago=9, answered_seconds_ago=0.2)
    assert stage.verbs == ["Start", "Update"]


def test_a_call_taken_over_beyond_its_credit_is_cut() -> None:
    stage = Stage(seconds_max=60)
    stage.call.take_over(ORGANIZATION, began_seconds_ago=90, answered_seconds_ago=70, granted_seconds=60)
    assert stage.switch.told == [("hang up", CREDIT_ENDED)]


def test_a_call_that_is_forgotten_asks_nothing_more_but_its_end_is_told() -> None:
    stage = Stage()
    stage.run()
    stage.books.instead = [BUSY]
    stage.call.hung_up(7)
    stage.call.forget()
    assert stage.call.ending
    stage.clock.advance(2)
    assert (stage.over, stage.call.ending) == (1, False)
    other = Stage()
    other.run()
    other.call.forget()
    other.clock.advance(500)
    assert (other.verbs, other.over, other.clock.waiting) == (["Authorise", "Start"], 1, 0)


STEPS = st.one_of(
    st.sampled_from(["answered", "renew", "cut", "hold", "release", "busy", "forget", "richer"]),
    st.integers(min_value=0, max_value=200),
    st.tuples(st.just("hung_up"), st.integers(min_value=0, max_value=500)),
)


def _do(stage: Stage, steps: Iterable[Any]) -> None:
    for step in steps:
        match step:
            case int():
                stage.clock.advance(step)
            case ("hung_up", seconds):
                stage.call.hung_up(seconds)
            case "hold":
                stage.books.holds_back = True
            case "release":
                stage.books.release()
            case "busy":
                stage.books.instead.append(BUSY)
            case "richer":
                stage.books.seconds_max += 100
            case "cut":
                stage.call.cut("operator")
            case _:
                getattr(stage.call, step)()


@given(st.lists(STEPS, max_size=30), st.booleans())
def test_whatever_happens_limits_and_numbers_rise_and_nothing_is_left_over(steps: list[Any], rich: bool) -> None:  # noqa: FBT001 # hypothesis hands it in by place
    stage = Stage(seconds_max=10_000 if rich else 90)
    stage.ask()
    _do(stage, steps)
    stage.books.instead.clear()
    stage.books.release()
    stage.call.hung_up(1)
    stage.books.release()
    stage.clock.advance(100)
    limits = [told[1] for told in stage.switch.told if told[0] == "limit"]
    assert limits == sorted(set(limits))
    numbers = [update.request_number for update in stage.books.of(Update)]
    assert numbers == sorted(set(numbers))
    assert len({end.used_seconds for end in stage.books.of(End)}) <= 1
    assert stage.over == 1
    assert stage.clock.waiting == 0
