"""A link decides about parked calls, survives both sides' restarts, and finds again the calls that are up."""

from __future__ import annotations

import pytest
import structlog

from commcredits.settings.freeswitch import FreeswitchLink
from tests.edges.switches.freeswitch.scene import BRITISH, SWITCH, Scene, open_scene
from tests.operations.office import soon


async def test_a_parked_call_goes_on_once_it_is_admitted(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await scene.park()
        assert channel.extensions == [("commcredits_granted", "public")]
        await scene.answer(channel)
        await scene.pass_time(75)
        await scene.hang_up(channel)
        call = await scene.only_call()
        assert (call["used_seconds"], call["charged_micros"], call["switch"]) == (75, 750_000, "freeswitch:sbc1")


async def test_a_parked_call_is_refused_with_what_the_dial_plan_says(database_url: str) -> None:
    async with open_scene(database_url, linked=True, funds_micros=0) as scene:
        channel = await scene.park()
        assert (channel.sip_status, channel.hangup_cause) == ("402 Payment Required", "CALL_REJECTED")


async def test_a_call_that_parks_for_another_reason_is_left_alone(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = scene.place()
        scene.switch.park(channel)
        await scene.settle()
        assert channel.extensions == []
        assert await scene.calls() == []


async def test_events_between_a_command_and_its_answer_confuse_nobody(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        later = scene.place(commcredits_ask="park")
        scene.switch.before_answer.append(later)
        first = await scene.park()
        assert first.extensions == later.extensions == [("commcredits_granted", "public")]
        assert len(await scene.calls()) == 2


async def test_a_call_told_of_over_its_socket_and_over_the_link_is_charged_once(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.pass_time(65)
        await scene.hang_up(channel)
        assert (await scene.only_call())["charged_micros"] == 650_000
        assert len(scene.watched.ends) == 1


async def test_without_us_a_parked_call_is_refused_in_time(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        await scene.server.stop()
        channel = await scene.park()
        await scene.pass_time(6)
        assert channel.hangup_cause == "NORMAL_TEMPORARY_FAILURE"


async def test_a_call_that_parked_while_the_link_was_down_is_decided_when_it_is_up(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        for each in scene.switch.sockets:
            each.drop()
        channel = scene.place(commcredits_ask="park")
        channel.parked = True
        await soon(lambda: channel.extensions == [("commcredits_granted", "public")])


async def _run_through_a_restart(scene: Scene, *, rings: bool) -> None:
    channel = await scene.park()
    if not rings:
        await scene.answer(channel)
        await scene.pass_time(30)
    await scene.restart_edge()
    await scene.linked()
    if rings:
        await scene.pass_time(5)
        await scene.answer(channel)
        await scene.pass_time(30)
    await scene.pass_time(60)
    assert channel.is_up
    await scene.hang_up(channel)
    call = await scene.only_call()
    assert (call["state"], call["used_seconds"], call["charged_micros"]) == ("ended", 90, 900_000)
    assert await scene.flags() == []


@pytest.mark.parametrize("rings", [True, False])
async def test_we_restart_in_mid_call_and_the_call_goes_on_and_is_charged_right(
    database_url: str, *, rings: bool
) -> None:
    async with open_scene(database_url, linked=True) as scene:
        await _run_through_a_restart(scene, rings=rings)


async def test_numbers_of_requests_rise_over_a_restart(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await scene.park()
        await scene.answer(channel)
        await scene.pass_time(50)
        await scene.restart_edge()
        await scene.linked()
        await scene.pass_time(60)
        numbers = [update.request_number for update in scene.watched.updates]
        assert len(numbers) >= 3
        assert numbers == sorted(set(numbers))


async def test_a_call_of_a_socket_is_looked_after_over_the_link_when_its_socket_is_lost(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.pass_time(10)
        for each in list(scene.switch.sockets):
            if each.channel is channel:
                each.drop()
        await scene.pass_time(80)
        assert channel.is_up
        await scene.hang_up(channel)
        assert (await scene.only_call())["used_seconds"] == 90


async def test_an_extension_that_a_half_open_socket_swallows_is_told_over_the_link(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.pass_time(40)
        for each in list(scene.switch.sockets):
            each.frozen = each.channel is channel
        await scene.pass_time(30)
        assert channel.is_up
        assert channel.variables["commcredits_granted_seconds"] == "105"
        await scene.hang_up(channel)
        assert (await scene.only_call())["used_seconds"] == 70


async def test_a_call_whose_socket_is_lost_without_a_link_runs_to_the_end_of_its_grant(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.pass_time(10)
        for each in list(scene.switch.sockets):
            each.drop()
        await scene.pass_time(55)
        assert channel.hangup_cause == "ALLOTTED_TIMEOUT"
        await scene.pass_time(300, step=30)
        await scene.world.reap()
        assert (await scene.only_call())["used_seconds"] == 60


async def test_the_end_of_a_call_that_nobody_looks_after_any_more_is_charged(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await scene.park()
        await scene.answer(channel)
        await scene.pass_time(20)
        scene.server.calls.forget_all()
        await scene.hang_up(channel)
        assert (await scene.only_call())["used_seconds"] == 20


async def test_a_switch_that_restarts_has_lost_its_calls_and_they_are_ended(database_url: str) -> None:
    async with open_scene(database_url, linked=True, reconcile_seconds=1) as scene:
        channel = await scene.park()
        await scene.answer(channel)
        await scene.pass_time(20)
        scene.switch.api_commands.clear()
        await soon(lambda: "show channels as json" in scene.switch.api_commands)
        await scene.settle()
        await scene.switch.restart()
        await soon(lambda: bool(scene.watched.ends))
        await scene.settle()
        call = await scene.only_call()
        assert (call["state"], call["cause"], call["used_seconds"]) == ("ended", "gone_from_switch", 20)
        assert await scene.flags() == ["gone_from_switch"]
        assert list(scene.server.calls.of(SWITCH)) == []


async def test_a_call_that_nothing_pays_for_is_cut(database_url: str) -> None:
    async with open_scene(database_url, linked=True, reconcile_seconds=1) as scene:
        channel = await scene.park()
        await scene.answer(channel)
        await scene.pass_time(5)
        call = await scene.only_call()
        await scene.world.office.end(str(call["organization_id"]), call["session_id"], 5)
        await soon(lambda: not channel.is_up)
        assert channel.hangup_cause == "MANAGER_REQUEST"
        assert "not_charged" in await scene.flags()


async def test_a_call_whose_end_was_lost_is_ended_by_comparing(database_url: str) -> None:
    async with open_scene(database_url, linked=True, reconcile_seconds=1) as scene:
        channel = await scene.park()
        await scene.answer(channel)
        await scene.pass_time(20)
        scene.switch.hang_up(channel, silently=True)
        await soon(lambda: bool(scene.watched.ends))
        await scene.settle()
        assert (await scene.only_call())["cause"] == "gone_from_switch"


async def test_a_list_that_cannot_be_read_ends_no_call(database_url: str) -> None:
    async with open_scene(database_url, linked=True, reconcile_seconds=1) as scene:
        channel = await scene.park()
        await scene.answer(channel)
        await scene.pass_time(20)
        scene.switch.errors["show"] = '{"row_count":7}'
        with structlog.testing.capture_logs() as lines:
            await soon(lambda: len([line for line in lines if "not complete" in line.get("reason", "")]) >= 2)
        scene.switch.errors["show"] = "-ERR no database\n"
        with structlog.testing.capture_logs() as lines:
            await soon(lambda: any("unreadable" in line.get("reason", "") for line in lines))
        assert (await scene.only_call())["live"]


async def test_a_half_open_link_is_noticed_and_made_again(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        (first,) = scene.switch.sockets
        first.frozen = True
        await scene.pass_time(16)
        await soon(lambda: any(each is not first for each in scene.switch.sockets))
        await soon(lambda: all(link.is_up for link in scene.server.links))
        channel = await scene.park()
        assert channel.extensions == [("commcredits_granted", "public")]


async def test_a_silent_link_is_asked_whether_it_is_there(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        scene.switch.api_commands.clear()
        await scene.pass_time(25)
        assert scene.switch.api_commands.count("status") == 2
        assert len(scene.switch.sockets) == 1


async def test_a_switch_that_is_away_is_tried_again_and_complained_of_once(database_url: str) -> None:
    with structlog.testing.capture_logs() as lines:
        async with open_scene(database_url, linked=True) as scene:
            await scene.switch.stop()
            await soon(lambda: len([line for line in lines if line["event"] == "link down"]) == 2)
            await scene.switch.start()
            await soon(lambda: all(link.is_up for link in scene.server.links))
    reasons = [line["reason"] for line in lines if line["event"] == "link down"]
    assert len(reasons) == 2


@pytest.mark.parametrize("fault", ["password", "rejects", "mute"])
async def test_a_switch_that_does_not_take_us_is_named_and_its_password_is_not(database_url: str, fault: str) -> None:
    with structlog.testing.capture_logs() as lines:
        async with open_scene(database_url, linked=True) as scene:
            if fault == "password":
                scene.switch.password = "another one"
            else:
                setattr(scene.switch, fault, True)
            for each in list(scene.switch.sockets):
                each.drop()
            while len([line for line in lines if line["event"] == "link down"]) < 2:
                await scene.pass_time(6)
    assert {line["switch"] for line in lines if line["event"] == "link down"} == {SWITCH}
    assert "the password of the event socket" not in str(lines)


async def test_a_password_of_two_lines_is_refused_as_a_setting() -> None:
    with pytest.raises(ValueError, match="printable line"):
        FreeswitchLink.model_validate({"address": "192.0.2.1:8021", "password": "a\n\napi shutdown"})


async def test_an_emergency_that_the_dial_plan_let_through_by_itself_is_recorded(database_url: str) -> None:
    async with open_scene(database_url, linked=True, funds_micros=0) as scene:
        channel = scene.place("112", commcredits_call_type="emergency_out")
        await scene.answer(channel)
        await scene.pass_time(40)
        await scene.hang_up(channel)
        call = await scene.only_call()
        assert (call["service"], call["used_seconds"], call["charged_micros"]) == ("emergency", 40, 0)
        assert channel.extensions == []


async def test_a_call_of_another_switch_is_none_of_the_links(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = scene.switch.place_call("+40212300001", BRITISH, commcredits_switch="other", commcredits_ask="park")
        scene.switch.park(channel)
        await scene.settle()
        assert await scene.calls() == []
