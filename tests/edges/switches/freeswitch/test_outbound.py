"""A call that connects to us is admitted before it rings, extended, cut, and charged by the switch's own clock."""

from __future__ import annotations

import pytest

from tests.edges.switches.freeswitch.scene import BRITISH, NUMBER, open_scene

GRANTED = [("commcredits_granted", "public")]


async def test_a_call_rings_once_its_first_slice_is_held_and_its_timer_is_set(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial()
        call = await scene.only_call()
        assert channel.extensions == GRANTED
        assert channel.variables["execute_on_answer"] == "sched_hangup +60 ALLOTTED_TIMEOUT"
        assert channel.variables["commcredits_session_id"] == call["session_id"]
        assert channel.variables["commcredits_organization_id"] == str(call["organization_id"])
        assert channel.variables["commcredits_callee"] == BRITISH
        assert (call["state"], call["switch"], call["granted_seconds"]) == ("authorised", "freeswitch:sbc1", 60)


async def test_a_call_is_charged_for_the_seconds_between_its_answer_and_its_end(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial()
        await scene.pass_time(7)
        await scene.answer(channel)
        await scene.pass_time(39.2)
        await scene.hang_up(channel)
        call = await scene.only_call()
        assert (call["state"], call["used_seconds"], call["charged_micros"]) == ("ended", 40, 400_000)
        assert call["cause"] == "normal_clearing"
        assert scene.server.listener.connection_count == 0


async def test_a_call_is_extended_before_each_grant_ends(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.pass_time(130)
        assert channel.is_up
        await scene.hang_up(channel)
        call = await scene.only_call()
        assert (call["used_seconds"], call["charged_micros"]) == (130, 1_300_000)
        assert await scene.flags() == []


async def test_a_call_is_cut_by_the_switch_at_the_end_of_its_credit(database_url: str) -> None:
    async with open_scene(database_url, funds_micros=850_000) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.pass_time(84)
        assert channel.is_up
        await scene.pass_time(3)
        assert channel.hangup_cause == "ALLOTTED_TIMEOUT"
        assert not [command for command in scene.switch.api_commands if command.startswith("uuid_kill")]
        call = await scene.only_call()
        assert (call["state"], call["used_seconds"], call["charged_micros"]) == ("ended", 85, 850_000)
        assert call["cause"] == "credit_ended"
        assert await scene.flags() == []


async def test_a_caller_hears_a_tone_before_the_credit_ends(database_url: str) -> None:
    async with open_scene(database_url, funds_micros=300_000, warning_seconds=10) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.pass_time(19)
        assert channel.played == []
        await scene.pass_time(2)
        assert channel.played == ["tone_stream://%(300,0,800) aleg"]


async def test_a_switch_whose_timer_fails_is_told_to_cut(database_url: str) -> None:
    async with open_scene(database_url, funds_micros=300_000) as scene:
        channel = await scene.dial()
        del channel.variables["execute_on_answer"]
        await scene.answer(channel)
        await scene.pass_time(31)
        assert channel.is_up
        await scene.pass_time(2)
        assert channel.hangup_cause == "ALLOTTED_TIMEOUT"
        call = await scene.only_call()
        assert (call["used_seconds"], call["charged_micros"], call["cause"]) == (30, 300_000, "credit_ended")


async def test_a_call_that_nobody_answers_costs_nothing(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial()
        await scene.pass_time(25)
        await scene.hang_up(channel, "NO_ANSWER")
        call = await scene.only_call()
        assert (call["state"], call["used_seconds"], call["charged_micros"]) == ("ended", 0, 0)


async def test_a_call_that_was_answered_already_is_charged_from_its_admission(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = scene.place(answered="true")
        await scene.pass_time(30)
        await scene.connect(channel)
        assert any(command.startswith("sched_hangup +60 ") for command in scene.switch.api_commands)
        assert "execute_on_answer" not in channel.variables
        await scene.pass_time(20)
        await scene.hang_up(channel)
        call = await scene.only_call()
        assert (call["used_seconds"], call["charged_micros"]) == (20, 200_000)
        assert await scene.flags() == []


async def test_a_caller_who_gives_up_while_we_decide_is_not_charged(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        scene.watched.holds_back = True
        channel = await scene.dial()
        await scene.hang_up(channel, "ORIGINATOR_CANCEL")
        scene.watched.release()
        await scene.settle()
        call = await scene.only_call()
        assert (call["state"], call["charged_micros"], call["live"]) == ("ended", 0, False)
        assert channel.extensions == []


async def test_a_caller_waits_no_longer_than_three_seconds_for_our_word(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        scene.watched.holds_back = True
        channel = await scene.dial()
        await scene.pass_time(2)
        assert channel.is_up
        await scene.pass_time(2)
        assert channel.sip_status == "503 Charging Unavailable"
        scene.watched.release()
        await scene.settle()
        call = await scene.only_call()
        assert (call["state"], call["live"]) == ("ended", False)


@pytest.mark.parametrize(
    ("caller", "callee", "variables", "status", "cause"),
    [
        (NUMBER, "+33142685300", {}, "403 Forbidden", "OUTGOING_CALL_BARRED"),
        ("+40311999999", BRITISH, {}, "403 Forbidden", "OUTGOING_CALL_BARRED"),
        (NUMBER, "1001", {}, "403 Forbidden", "OUTGOING_CALL_BARRED"),
        (NUMBER, BRITISH, {"commcredits_service": "premium"}, "403 Forbidden", "OUTGOING_CALL_BARRED"),
        (NUMBER, BRITISH, {"commcredits_call_type": "a\r\nb"}, "403 Forbidden", "OUTGOING_CALL_BARRED"),
        (NUMBER, BRITISH, {"commcredits_slice_seconds": "many"}, "403 Forbidden", "OUTGOING_CALL_BARRED"),
    ],
)
async def test_a_call_that_may_not_be_made_is_refused_with_a_status_and_a_cause(
    database_url: str, caller: str, callee: str, variables: dict[str, str], status: str, cause: str
) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial(callee, caller=caller, **variables)
        assert channel.extensions == [("commcredits_refused", "public")]
        assert (channel.sip_status, channel.hangup_cause) == (status, cause)
        assert scene.server.listener.connection_count == 0


async def test_a_call_without_funds_is_refused_with_402(database_url: str) -> None:
    async with open_scene(database_url, funds_micros=0) as scene:
        channel = await scene.dial()
        assert channel.sip_status == "402 Payment Required"
        assert channel.variables["commcredits_refusal"] == "insufficient_funds"


async def test_an_emergency_call_goes_through_without_funds_and_is_never_cut(database_url: str) -> None:
    async with open_scene(database_url, funds_micros=0) as scene:
        channel = await scene.dial("112", commcredits_service="nonsense")
        assert channel.extensions == GRANTED
        assert channel.variables["commcredits_emergency"] == "true"
        await scene.answer(channel)
        await scene.pass_time(400, step=5)
        assert channel.is_up
        await scene.hang_up(channel)
        call = await scene.only_call()
        assert (call["service"], call["state"], call["used_seconds"], call["charged_micros"]) == (
            "emergency",
            "ended",
            400,
            0,
        )
        assert not [command for command in scene.switch.api_commands if command.startswith("sched_hangup")]


async def test_an_emergency_call_does_not_wait_for_the_books(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        scene.watched.holds_back = True
        channel = await scene.dial("112")
        assert channel.extensions == GRANTED
        scene.watched.release()


async def test_the_dial_plan_chooses_where_an_admitted_call_goes_on(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial(commcredits_granted="to_carrier")
        assert channel.extensions == [("to_carrier", "public")]
        odd = await scene.dial(commcredits_granted="x y\n\napi shutdown")
        assert odd.extensions == GRANTED


async def test_a_socket_that_is_not_async_full_is_refused_by_the_rest_of_the_dial_plan(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        for options in ("async", "full", ""):
            channel = scene.place()
            await scene.connect(channel, options)
            assert (channel.sip_status, channel.extensions) == ("503 Charging Unavailable", [])
        assert await scene.calls() == []


async def test_answers_and_ends_that_come_twice_change_nothing(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        scene.switch.fire("CHANNEL_ANSWER", channel)
        await scene.pass_time(33)
        await scene.hang_up(channel)
        scene.switch.fire("CHANNEL_HANGUP_COMPLETE", channel)
        await scene.settle()
        call = await scene.only_call()
        assert (call["used_seconds"], call["charged_micros"]) == (33, 330_000)
        assert await scene.flags() == []


async def test_a_call_whose_last_event_never_comes_is_charged_by_the_one_before(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.pass_time(25)
        scene.switch.loses_last_events = True
        await scene.hang_up(channel)
        assert scene.watched.ends == []
        await scene.pass_time(11)
        assert (await scene.only_call())["used_seconds"] == 25
        assert scene.server.listener.connection_count == 0


async def test_what_is_said_in_single_bytes_is_heard_all_the_same(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        scene.switch.bytes_a_write = 1
        channel = await scene.dial(commcredits_user="")
        await scene.answer(channel)
        await scene.pass_time(5)
        await scene.hang_up(channel)
        assert (await scene.only_call())["used_seconds"] == 5
