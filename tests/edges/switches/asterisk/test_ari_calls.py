"""Calls held at Asterisk over ARI: from the caller's INVITE to the books."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import pytest

from commcredits.edges.switches.asterisk import ari_call
from commcredits.edges.switches.switch_side import ControlTerms
from commcredits.operations.call_cuts import CutOrder, cut_call
from tests.edges.switches.asterisk.ari_asterisk import LIMIT
from tests.edges.switches.asterisk.scene import (
    BRITISH,
    NUMBER,
    SECOND_MICROS,
    AriScene,
    all_calls,
    eventually,
    leg,
    open_ari_scene,
    soon,
)

TRIES: Final = 3


async def _cut(scene: AriScene) -> None:
    """Somebody orders the one call to be cut."""
    session_id = (await scene.books(live=True))["session_id"]
    ordered = await cut_call(
        scene.parts.services,
        organization_id=scene.world.organization_id,
        session_id=session_id,
        reason="fraud",
        ordered_by="operator",
    )
    assert isinstance(ordered, CutOrder), ordered


async def test_a_call_is_authorised_before_it_rings_and_charged_from_its_answer(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.call()
        await soon(lambda: bool(scene.asterisk.dialled))
        call = await scene.books(state="authorised")
        assert scene.asterisk.dialled == [f"PJSIP/{BRITISH}@carrier"]
        assert call["switch"] == "asterisk:pbx"
        await asyncio.sleep(0.3)
        scene.asterisk.answer(leg(channel_id))
        await scene.books(state="started")
        answered_at = scene.asterisk.answered_at[leg(channel_id)]
        scene.asterisk.hang_up(leg(channel_id), at=answered_at + timedelta(seconds=1.9))
        call = await scene.books(state="ended")
        assert (call["used_seconds"], call["charged_micros"]) == (2, 2 * SECOND_MICROS)
        assert call["cause"] == "called_hung_up"
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel_id] == 16


async def test_the_caller_is_answered_when_the_called_side_is(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        assert scene.asterisk.channels[channel_id].state == "Up"
        assert sorted(scene.asterisk.bridges[leg(channel_id)]) == sorted([channel_id, leg(channel_id)])


async def test_the_dial_plan_may_say_whom_to_dial_and_what_kind_of_call_it_is(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        await scene.call("endpoint=PJSIP/trunk/sip:+442079460000@192.0.2.9", "type=user_out", "slice=20")
        await soon(lambda: bool(scene.asterisk.dialled))
        assert scene.asterisk.dialled == ["PJSIP/trunk/sip:+442079460000@192.0.2.9"]
        assert (await scene.books(state="authorised"))["granted_seconds"] == 20


async def test_a_refused_caller_hears_a_cause_and_nobody_is_dialled(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=0) as scene:
        channel_id = await scene.call()
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel_id] == 21
        assert scene.asterisk.last_variables[channel_id]["COMMCREDITS_REASON"] == "insufficient_funds"
        assert scene.asterisk.dialled == []
        assert (await scene.books(state="refused"))["charged_micros"] == 0


async def test_a_refused_caller_goes_on_in_the_dial_plan_where_the_link_says_so(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=0, link={"refused_context": "no-credit"}) as scene:
        channel_id = await scene.call()
        await soon(lambda: channel_id in scene.asterisk.continued)
        assert scene.asterisk.continued[channel_id] == "no-credit"
        variables = scene.asterisk.channels[channel_id].variables
        assert (variables["COMMCREDITS_REASON"], variables["COMMCREDITS_CAUSE"]) == ("insufficient_funds", "21")
        await scene.looked_again()
        assert channel_id in scene.asterisk.channels, "what the dial plan does with it is not ours"


@pytest.mark.parametrize(
    "arguments",
    [(), ("caller=1", f"callee={BRITISH}"), (f"caller={NUMBER}", f"callee={BRITISH}", "callee=+40212300009")],
)
async def test_a_call_with_wrong_arguments_is_refused(database_url: str, arguments: tuple[str, ...]) -> None:
    async with open_ari_scene(database_url) as scene:
        channel = scene.asterisk.call(*arguments)
        assert channel is not None
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel.id] == 28
        assert await all_calls(scene.world) == []


async def test_asterisk_cuts_at_the_end_of_the_credit(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=2 * SECOND_MICROS) as scene:
        channel_id = await scene.talking()
        await soon(lambda: scene.asterisk.limits_set[leg(channel_id)] > 1)  # once more when it was answered
        limits = [float(each.variables[LIMIT]) for each in scene.asterisk.channels.values()]
        assert all(0 < limit <= 2 for limit in limits)
        await scene.nothing_is_left()
        assert scene.asterisk.timed_out & {channel_id, leg(channel_id)}
        assert scene.asterisk.over_at[channel_id] - scene.asterisk.answered_at[leg(channel_id)] > timedelta(seconds=1.9)
        call = await scene.books(state="ended")
        assert (call["used_seconds"], call["charged_micros"]) == (2, 2 * SECOND_MICROS)


async def test_we_cut_where_the_timer_of_asterisk_does_not(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=2 * SECOND_MICROS, limits=False) as scene:
        await scene.talking()
        await scene.nothing_is_left()
        call = await scene.books(state="ended")
        assert (call["used_seconds"], call["charged_micros"]) == (2, 2 * SECOND_MICROS)
        assert call["cause"] == "credit_ended"


async def test_a_call_with_credit_is_extended_before_its_slice_ends(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking("slice=4")
        await asyncio.sleep(4.3)
        assert leg(channel_id) in scene.asterisk.channels
        scene.asterisk.hang_up(channel_id)
        call = await scene.books(state="ended")
        assert call["used_seconds"] == scene.talked_seconds(channel_id) >= 5
        assert call["charged_micros"] == call["used_seconds"] * SECOND_MICROS
        assert call["cause"] == "caller_hung_up"


async def _limited_anew(scene: AriScene, before: Mapping[str, int]) -> None:
    """Wait until the timers of all channels were set more often than this."""
    limits_set = scene.asterisk.limits_set
    await soon(lambda: all(limits_set[each] > before[each] for each in scene.asterisk.channels))


@pytest.mark.alone
async def test_a_top_up_extends_a_running_call_within_a_second(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=20 * SECOND_MICROS) as scene:
        channel_id = await scene.talking()
        loop = asyncio.get_running_loop()
        channels = [scene.asterisk.channels[each] for each in (channel_id, leg(channel_id))]
        await soon(lambda: all(float(channel.variables[LIMIT]) <= 20 for channel in channels))
        waits = []
        for number in range(1, TRIES + 1):
            before = scene.asterisk.limits_set.copy()
            await scene.world.top_up(10 * SECOND_MICROS)
            arrived_at = loop.time()
            await _limited_anew(scene, before)
            waits.append(loop.time() - arrived_at)
            assert (await scene.books(live=True))["granted_seconds"] == 20 + 10 * number
        assert min(waits) < 1, "a busy machine may spoil one of them"


async def test_an_operator_cuts_a_call(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        await scene.talking()
        await _cut(scene)
        await scene.nothing_is_left()
        assert (await scene.books(state="ended"))["cause"] == "fraud"

        async def told() -> object:
            return await scene.parts.services.pool.fetchval("select told_at from call_cuts")

        await eventually(told)


async def test_a_busy_callee_is_told_to_the_caller_and_costs_nothing(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        scene.asterisk.on_dial = lambda channel: scene.asterisk.hang_up(channel.id, 17)
        channel_id = await scene.call()
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel_id] == 17
        assert (await scene.books(state="ended"))["charged_micros"] == 0


async def test_a_callee_who_cannot_be_reached_costs_nothing(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        scene.asterisk.unreachable.add(f"PJSIP/{BRITISH}@carrier")
        channel_id = await scene.call()
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel_id] == 42
        assert (await scene.books(state="ended"))["charged_micros"] == 0


async def test_a_caller_who_gives_up_holds_nothing(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.call()
        await soon(lambda: bool(scene.asterisk.dialled))
        scene.asterisk.ring(leg(channel_id))
        scene.asterisk.hang_up(channel_id)
        await scene.nothing_is_left()
        assert (await scene.books(state="ended"))["charged_micros"] == 0
        assert (await scene.world.ledger()).account == (5_000_000, 0)


async def test_a_caller_who_is_gone_before_the_answer_to_it_holds_nothing(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        scene.asterisk.hang_up(await scene.call())
        await scene.books(state="ended")
        await scene.nothing_is_left()
        assert scene.asterisk.dialled == []
        assert (await scene.world.ledger()).account == (5_000_000, 0)


async def test_nobody_rings_for_ever(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ari_call, "RING_GRACE_SECONDS", -4.0)
    async with open_ari_scene(database_url, link={"ring_seconds": 5}) as scene:
        channel_id = await scene.call()
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel_id] == 19
        assert (await scene.books(state="ended"))["charged_micros"] == 0


async def test_an_emergency_passes_without_money_and_without_limit_and_is_never_cut(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=0) as scene:
        channel = scene.asterisk.call(f"caller={NUMBER}", "callee=112", "colour=blue")
        assert channel is not None
        await soon(lambda: bool(scene.asterisk.dialled))
        assert scene.asterisk.dialled == ["PJSIP/112@carrier"]
        scene.asterisk.answer(leg(channel.id))
        await scene.books(service="emergency")
        assert LIMIT not in channel.variables
        await _cut(scene)
        await scene.looked_again()
        assert leg(channel.id) in scene.asterisk.channels
        scene.asterisk.hang_up(channel.id)
        assert (await scene.books(state="ended"))["charged_micros"] == 0


async def test_events_that_come_twice_change_nothing(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        scene.asterisk.send_again("StasisStart", channel_id)
        scene.asterisk.send_again("StasisStart", leg(channel_id))
        scene.asterisk.send_again("ChannelStateChange", leg(channel_id))
        await asyncio.sleep(0.2)
        assert len(scene.asterisk.dialled) == 1
        scene.asterisk.hang_up(leg(channel_id))
        scene.asterisk.send_again("ChannelDestroyed", leg(channel_id))
        scene.asterisk.send_again("StasisEnd", channel_id)
        await scene.nothing_is_left()
        call = await scene.books(state="ended")
        assert call["used_seconds"] == scene.talked_seconds(channel_id)
        assert call["charged_micros"] == call["used_seconds"] * SECOND_MICROS


@pytest.mark.alone
async def test_forty_calls_at_once_are_charged_each_its_seconds(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=100_000_000) as scene:
        scene.asterisk.on_dial = lambda channel: scene.asterisk.answer(channel.id)
        channel_ids = [await scene.call() for _ in range(40)]

        async def states(state: str) -> list[object] | None:
            found = [call["state"] for call in await all_calls(scene.world)]
            return found if found.count(state) == 40 else None

        await eventually(lambda: states("started"))
        for channel_id in channel_ids:
            scene.asterisk.hang_up(channel_id)
        await eventually(lambda: states("ended"))
        await scene.nothing_is_left()
        calls = await all_calls(scene.world)
        assert all(call["charged_micros"] == call["used_seconds"] * SECOND_MICROS for call in calls)
        assert all(1 <= call["used_seconds"] <= 20 for call in calls)
        assert (await scene.world.ledger()).account[1] == 0


async def test_a_caller_who_cannot_be_answered_in_time_is_told_to_try_again(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ari_call, "TERMS", ControlTerms(ask_seconds_max=0.0))
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.call()
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel_id] == 42
        assert scene.asterisk.last_variables[channel_id]["COMMCREDITS_REASON"] == "busy"
        await scene.books(state="ended")
        assert (await scene.world.ledger()).account == (5_000_000, 0), "what was granted too late is let go"
