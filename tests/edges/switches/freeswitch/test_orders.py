"""Money that arrives reaches a running call within a second, and what an operator cuts is cut."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from commcredits.operations.call_cuts import CutOrder, cut_call
from tests.edges.switches.freeswitch.fake_channel import FakeChannel
from tests.edges.switches.freeswitch.scene import Scene, open_scene
from tests.operations.office import soon

WAYS = pytest.mark.parametrize("way", ["dial", "park"])


async def _running(scene: Scene, way: str) -> FakeChannel:
    channel = await (scene.dial() if way == "dial" else scene.park())
    await scene.answer(channel)
    await scene.pass_time(10)
    return channel


async def _cut(scene: Scene, reason: str) -> None:
    call = await scene.only_call()
    ordered = await cut_call(
        scene.world.office.services,
        organization_id=str(call["organization_id"]),
        session_id=call["session_id"],
        reason=reason,
        ordered_by="somebody",
    )
    assert isinstance(ordered, CutOrder), ordered


async def _untold(scene: Scene) -> int:
    count: int = await scene.world.office.services.pool.fetchval("select count(*) from call_cuts where told_at is null")
    return count


async def _limited_to(scene: Scene, seconds_left: int) -> None:
    said = f"sched_hangup +{seconds_left} "
    await soon(lambda: any(command.startswith(said) for command in scene.switch.api_commands))


@pytest.mark.alone
@WAYS
async def test_a_top_up_extends_a_call_that_money_limited_within_a_second(database_url: str, way: str) -> None:
    async with open_scene(database_url, funds_micros=300_000, linked=way == "park") as scene:
        channel = await _running(scene, way)
        # What is asked for again because of the first funds is over before the new ones come.
        await asyncio.sleep(0.5)
        waits = []
        for seconds_left in (25, 30, 60):
            scene.switch.api_commands.clear()
            topped_up_at = asyncio.get_running_loop().time()
            await scene.world.top_up(50_000 if seconds_left < 60 else 5_000_000)
            await _limited_to(scene, seconds_left)
            waits.append(asyncio.get_running_loop().time() - topped_up_at)
        assert min(waits) < 1, "a busy machine may spoil one of them"
        assert channel.variables["commcredits_granted_seconds"] == "70"
        await scene.pass_time(55)
        assert channel.is_up
        await scene.hang_up(channel)
        assert (await scene.only_call())["used_seconds"] == 65


async def test_a_top_up_reaches_a_call_that_rings(database_url: str) -> None:
    async with open_scene(database_url, funds_micros=300_000) as scene:
        channel = await scene.dial()
        await asyncio.sleep(0.5)
        await scene.world.top_up(5_000_000)
        await soon(lambda: channel.variables["execute_on_answer"] == "sched_hangup +60 ALLOTTED_TIMEOUT")
        await scene.answer(channel)
        await scene.pass_time(40)
        assert channel.is_up


@WAYS
async def test_an_operator_cuts_a_call_and_the_order_is_noted_as_taken(database_url: str, way: str) -> None:
    async with open_scene(database_url, linked=way == "park") as scene:
        channel = await _running(scene, way)
        await _cut(scene, "fraud")
        await soon(lambda: not channel.is_up)
        assert channel.hangup_cause == "MANAGER_REQUEST"
        async with asyncio.timeout(30):
            while await _untold(scene):  # noqa: ASYNC110 # what the books say has no event to wait for
                await asyncio.sleep(0.01)
        await scene.settle()
        call = await scene.only_call()
        assert (call["state"], call["cause"], call["used_seconds"]) == ("ended", "fraud", 10)


async def test_a_call_that_is_not_looked_after_is_cut_over_the_link(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await _running(scene, "park")
        scene.server.calls.forget_all()
        await _cut(scene, "operator")
        await soon(lambda: not channel.is_up)
        await scene.settle()
        assert (await scene.only_call())["used_seconds"] == 10


async def test_a_cut_that_the_switch_does_not_carry_out_is_told_again(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await _running(scene, "dial")
        scene.switch.errors["uuid_kill"] = "-ERR busy\n"
        await _cut(scene, "operator")
        await soon(lambda: any(command.startswith("uuid_kill") for command in scene.switch.api_commands))
        scene.switch.errors.clear()
        assert channel.is_up
        await scene.pass_time(3)
        assert channel.hangup_cause == "MANAGER_REQUEST"


async def test_an_emergency_call_is_never_cut(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await scene.dial("112")
        await scene.answer(channel)
        with structlog.testing.capture_logs() as lines:
            await _cut(scene, "operator")
            await soon(lambda: any(line["event"] == "call not cut" for line in lines))
        assert channel.is_up


@pytest.mark.parametrize("command", ["uuid_setvar_multi", "uuid_transfer"])
async def test_a_call_that_cannot_be_given_its_timer_or_its_way_does_not_go_on(database_url: str, command: str) -> None:
    async with open_scene(database_url) as scene:
        scene.switch.errors[command] = "-ERR something\n"
        channel = await scene.dial()
        assert not channel.is_up
        assert channel.extensions == []
        call = await scene.only_call()
        assert (call["state"], call["used_seconds"], call["live"]) == ("ended", 0, False)


async def test_a_call_that_is_gone_before_it_could_be_admitted_holds_nothing(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        scene.watched.holds_back = True
        channel = await scene.park()
        scene.switch.hang_up(channel, silently=True)
        scene.watched.release()
        await scene.settle()
        await scene.pass_time(11)
        call = await scene.only_call()
        assert (call["state"], call["used_seconds"], call["live"]) == ("ended", 0, False)


async def test_a_link_that_is_lost_while_a_call_waits_lets_go_of_what_was_held(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        scene.watched.holds_back = True
        channel = await scene.dial()
        for each in list(scene.switch.sockets):
            each.drop()
        await scene.settle()
        scene.watched.release()
        await scene.settle()
        call = await scene.only_call()
        assert (call["state"], call["live"], channel.sip_status) == ("ended", False, "503 Charging Unavailable")


async def test_a_call_that_sends_itself_to_us_again_is_not_let_on_twice(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        channel = await _running(scene, "dial")
        again = await scene.connect(channel)
        await soon(lambda: not again.is_open)
        assert len(channel.extensions) == 1
        assert len(await scene.calls()) == 1


async def test_stopping_brings_ends_to_the_books_and_leaves_calls_up(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        stays = await _running(scene, "dial")
        goes = await _running(scene, "dial")
        scene.watched.holds_back = True
        scene.switch.hang_up(goes)
        await scene.settle()
        stopping = asyncio.create_task(scene.server.stop())
        await scene.settle()
        scene.watched.release()
        await stopping
        assert stays.is_up
        assert [call["state"] for call in await scene.calls()] == ["started", "ended"]
