"""Many calls at once leave exact sums and nothing else, and the edge serves by the clock of its own event loop."""

from __future__ import annotations

import asyncio

from commcredits.edges.switches.freeswitch.serve import serve
from commcredits.settings.freeswitch import FreeswitchSettings
from tests.edges.switches.freeswitch.scene import BRITISH, NUMBER, SWITCH, open_scene
from tests.operations.office import soon

CALLS = 60


async def test_calls_over_sockets_and_over_the_link_leave_exact_sums(database_url: str) -> None:
    async with open_scene(database_url, funds_micros=500_000_000, linked=True) as scene:
        channels = []
        for number in range(CALLS):
            if number % 2:
                channel = scene.place(commcredits_ask="park")
                scene.switch.park(channel)
            else:
                channel = scene.place()
                await scene.switch.open_socket(channel, scene.server.port)
            channels.append(channel)
        await soon(lambda: all(channel.extensions for channel in channels))
        for channel in channels:
            scene.switch.answer(channel)
        await scene.pass_time(50)
        assert all(channel.variables["commcredits_granted_seconds"] == "105" for channel in channels)
        for number, channel in enumerate(channels):
            await scene.pass_time(0.25)
            scene.switch.hang_up(channel, "NORMAL_CLEARING" if number % 3 else "USER_BUSY")
        await soon(lambda: len(scene.watched.ends) == CALLS)
        await scene.settle()
        calls = await scene.calls()
        expected = sorted(50 + -(-(number + 1) // 4) for number in range(CALLS))
        assert sorted(call["used_seconds"] for call in calls) == expected
        assert sum(call["charged_micros"] for call in calls) == 10_000 * sum(expected)
        await soon(lambda: scene.server.listener.connection_count == 0)
        assert list(scene.server.calls.of(SWITCH)) == []


async def test_one_switch_that_is_broken_off_does_not_harm_the_calls_of_another(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        other = scene.switch.place_call(NUMBER, BRITISH, commcredits_switch="sbc2")
        await scene.connect(other)
        mine = await scene.park()
        await scene.answer(other)
        await scene.answer(mine)
        for each in list(scene.switch.sockets):
            if each.channel is None:
                each.drop()
        await scene.pass_time(70)
        assert other.is_up
        await scene.hang_up(other)
        assert {call["switch"] for call in await scene.calls()} == {"freeswitch:sbc1", "freeswitch:sbc2"}


async def test_the_clock_of_the_event_loop_serves_where_no_other_is_given(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        server = await serve(scene.parts, FreeswitchSettings(port=0))
        try:
            channel = scene.place()
            await scene.switch.open_socket(channel, server.port)
            await soon(lambda: bool(channel.extensions))
            scene.switch.answer(channel)
            scene.switch.clock.advance(3)
            scene.switch.hang_up(channel)
            await soon(lambda: bool(scene.watched.ends))
            await scene.settle()
            assert (await scene.only_call())["used_seconds"] == 3
        finally:
            await server.stop()
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("freeswitch") and task.done()]


async def test_a_stopped_edge_leaves_no_task_no_alarm_and_no_port(database_url: str) -> None:
    async with open_scene(database_url, linked=True) as scene:
        channel = await scene.dial()
        await scene.answer(channel)
        await scene.park()
        port = scene.server.port
        before = {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("freeswitch")}
        assert len(before) == 3
        await scene.server.stop()
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("freeswitch")]
        assert scene.server.calls.ending == 0
        async with asyncio.timeout(30):
            try:
                await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                port = 0
        assert port == 0
        # What is left are the timers of the switch itself.
        scene.switch._tasks.clear()  # noqa: SLF001 # whose timers they are only the fake knows
        assert channel.is_up
