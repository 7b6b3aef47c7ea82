"""Links to Asterisk that break, and either side that is restarted: calls go on and are charged right."""

import asyncio
import json
from math import ceil

import pytest
import structlog

from commcredits.core.commands import End
from commcredits.edges.switches.asterisk import ari_link, ari_requests, ari_socket
from commcredits.edges.switches.asterisk.ari_call import AriCall
from commcredits.edges.switches.asterisk.ari_events import Event
from commcredits.edges.switches.asterisk.serve import serve
from tests.edges.switches.asterisk.ari_asterisk import LIMIT, FakeAsterisk
from tests.edges.switches.asterisk.scene import (
    BRITISH,
    NUMBER,
    SECOND_MICROS,
    AriScene,
    all_calls,
    eventually,
    leg,
    only_call,
    open_ari_scene,
    soon,
)


async def _connected_again(scene: AriScene) -> None:
    """Wait until the link has noticed that it broke, and has looked at what Asterisk has."""
    link = scene.edge.links["pbx"]
    await soon(lambda: not link.connected.is_set())
    await scene.connected()


async def _gone(scene: AriScene) -> None:
    """Wait until Asterisk has nothing left, and the books hold nothing."""
    await scene.nothing_is_left()
    await scene.books(live=False)


async def _granted_more_than(scene: AriScene, seconds: int) -> None:
    """Wait until the books say that the one call may last longer than this."""

    async def look() -> bool | None:
        return (await scene.books(live=True))["granted_seconds"] > seconds or None

    await eventually(look)


# ---- the websocket ---------------------------------------------------------------------------------------------------


async def test_a_call_goes_on_while_the_link_breaks_and_is_charged_whole(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        scene.asterisk.break_off()
        await _connected_again(scene)
        assert leg(channel_id) in scene.asterisk.channels
        await asyncio.sleep(1)
        scene.asterisk.hang_up(leg(channel_id))
        await _gone(scene)
        call = await only_call(scene.world)
        assert call["used_seconds"] == scene.talked_seconds(channel_id) >= 2
        assert call["charged_micros"] == call["used_seconds"] * SECOND_MICROS


async def test_a_link_that_is_half_open_is_noticed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ari_socket, "PING_SECONDS", 0.2)
    monkeypatch.setattr(ari_socket, "PONG_SECONDS_MAX", 1.5)
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        scene.asterisk.go_deaf()
        await _connected_again(scene)
        scene.asterisk.hang_up(channel_id)
        await _gone(scene)
        assert (await only_call(scene.world))["state"] == "ended"


async def test_no_call_is_let_through_while_nobody_is_connected(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        await scene.edge.stop()
        await soon(lambda: not scene.asterisk.has_client)
        assert scene.asterisk.call(f"caller={NUMBER}", f"callee={BRITISH}") is None


async def test_another_client_that_takes_the_application_is_told_of(database_url: str) -> None:
    with structlog.testing.capture_logs() as logs:
        async with open_ari_scene(database_url) as scene:
            scene.asterisk.send_text(json.dumps({"type": "ApplicationReplaced", "application": "commcredits"}).encode())
            await soon(lambda: any(each.get("reason") == "another client took the application" for each in logs))


@pytest.mark.parametrize("wrong", [{"password": "another"}, {"username": "nobody"}])
async def test_a_wrong_password_is_said_once_and_never_shown(database_url: str, wrong: dict[str, str]) -> None:
    async with open_ari_scene(database_url) as scene:
        await scene.edge.stop()
        pbx = scene.settings.links["pbx"].model_dump() | {"password": "a-password-of-tests"} | wrong
        settings = scene.settings.model_validate(scene.settings.model_dump() | {"links": {"pbx": pbx}})
        with structlog.testing.capture_logs() as logs:
            scene.edge = await serve(scene.parts, settings)
            await soon(lambda: scene.asterisk.strangers > 2)
        said = [each for each in logs if each["log_level"] == "warning"]
        assert [each["reason"] for each in said] == ["the user or the password is wrong"]
        assert "another" not in str(logs)


async def test_an_asterisk_that_is_silent_harms_no_other(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ari_requests, "REQUEST_SECONDS_MAX", 2.0)
    async with open_ari_scene(database_url) as scene:
        silent = FakeAsterisk()
        await silent.start()
        silent.fall_silent(silent=True)
        other = scene.settings.links["pbx"].model_copy(update={"url": silent.url})
        settings = scene.settings.model_copy(update={"links": {**scene.settings.links, "other": other}})
        await scene.edge.stop()
        scene.edge = await serve(scene.parts, settings)
        await scene.connected()
        channel_id = await scene.talking()
        scene.asterisk.hang_up(channel_id)
        await _gone(scene)
        await scene.edge.stop()
        await silent.stop()


# ---- we are restarted ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", [True, False], ids=["variables shown", "variables asked for"])
async def test_a_call_goes_on_while_we_are_restarted_and_is_charged_whole(database_url: str, *, shown: bool) -> None:
    async with open_ari_scene(database_url) as scene:
        scene.asterisk.shows_variables = shown
        channel_id = await scene.talking("slice=10")
        await asyncio.sleep(1.1)
        limits_set = scene.asterisk.limits_set[channel_id]
        await scene.restart_edge()
        await _granted_more_than(scene, 10)  # the new one asks at once how long the call may go on
        await soon(lambda: scene.asterisk.limits_set[channel_id] > limits_set)
        await asyncio.sleep(1)
        scene.asterisk.hang_up(channel_id)
        await _gone(scene)
        call = await only_call(scene.world)
        assert (call["state"], call["cause"]) == ("ended", "caller_hung_up")
        assert call["used_seconds"] == scene.talked_seconds(channel_id) >= 3
        assert call["charged_micros"] == call["used_seconds"] * SECOND_MICROS


async def test_a_call_that_rings_while_we_are_restarted_is_answered_and_charged(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.call()
        await soon(lambda: bool(scene.asterisk.dialled))
        scene.asterisk.ring(leg(channel_id))
        await scene.restart_edge()
        scene.asterisk.answer(leg(channel_id))
        await scene.books(state="started")
        scene.asterisk.hang_up(leg(channel_id))
        await _gone(scene)
        assert (await only_call(scene.world))["charged_micros"] == SECOND_MICROS


async def test_a_call_that_is_answered_while_we_are_away_counts_from_our_return(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.call()
        await soon(lambda: bool(scene.asterisk.dialled))
        await scene.edge.stop()
        scene.asterisk.answer(leg(channel_id))
        scene.world.office.clock.advance(seconds=40)
        returned_at = asyncio.get_running_loop().time()
        scene.edge = await serve(scene.parts, scene.settings)
        await scene.connected()
        await scene.books(state="started")
        scene.asterisk.hang_up(leg(channel_id))
        await _gone(scene)
        call = await only_call(scene.world)
        assert 1 <= call["used_seconds"] <= ceil(asyncio.get_running_loop().time() - returned_at)
        assert call["charged_micros"] == call["used_seconds"] * SECOND_MICROS


async def test_a_call_that_ends_while_we_are_away_is_charged_to_where_we_left_it(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        talking_at = asyncio.get_running_loop().time()
        await asyncio.sleep(2.1)
        seconds = int(asyncio.get_running_loop().time() - talking_at)
        await scene.edge.stop()
        scene.asterisk.hang_up(leg(channel_id))
        scene.edge = await serve(scene.parts, scene.settings)
        await scene.nothing_is_left()
        scene.world.office.clock.advance(seconds=10)  # a young call is not missed
        call = await scene.books(live=False)
        assert 2 <= seconds <= call["used_seconds"] <= scene.talked_seconds(channel_id)
        assert call["charged_micros"] == call["used_seconds"] * SECOND_MICROS


async def test_a_dead_edge_gives_no_call_away(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=2 * SECOND_MICROS) as scene:
        channel_id = await scene.talking()
        await soon(lambda: scene.asterisk.limits_set[leg(channel_id)] > 1)  # once more when it was answered
        await scene.edge.stop()
        assert all(float(each.variables[LIMIT]) <= 2 for each in scene.asterisk.channels.values())
        await soon(lambda: not scene.asterisk.channels)
        assert scene.asterisk.timed_out == {channel_id, leg(channel_id)}


async def test_an_emergency_that_goes_on_is_not_taken_for_gone(database_url: str) -> None:
    async with open_ari_scene(database_url, funds_micros=0) as scene:
        channel = scene.asterisk.call(f"caller={NUMBER}", "callee=112", "colour=blue")
        assert channel is not None
        await soon(lambda: bool(scene.asterisk.dialled))
        scene.asterisk.answer(leg(channel.id))
        await scene.books(service="emergency", state="started")
        scene.world.office.clock.advance(seconds=20)  # a young call is not missed
        for _restart in range(2):
            await scene.looked_again()
            assert (await only_call(scene.world))["state"] == "started"
            assert not await scene.world.office.services.pool.fetchval("select count(*) from call_flags")
            await scene.restart_edge()
        scene.asterisk.hang_up(channel.id)
        assert (await scene.books(state="ended"))["charged_micros"] == 0


# ---- Asterisk is restarted, and loses events -------------------------------------------------------------------------


async def test_calls_that_asterisk_took_with_it_hold_nothing(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        await asyncio.sleep(1.1)
        await scene.asterisk.stop()
        await scene.asterisk.start()
        await _connected_again(scene)
        scene.world.office.clock.advance(seconds=10)  # a young call is not missed
        call = await scene.books(live=False)
        assert call["used_seconds"] <= scene.talked_seconds(channel_id)
        assert (await scene.world.ledger()).account[1] == 0
        channel_id = await scene.call()
        await soon(lambda: len(scene.asterisk.dialled) == 2)
        scene.asterisk.hang_up(channel_id)


async def test_a_call_whose_end_was_never_told_is_missed_and_ended(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        await asyncio.sleep(1.1)
        scene.asterisk.mute = True
        scene.asterisk.hang_up(leg(channel_id))
        scene.asterisk.mute = False
        await _gone(scene)
        call = await only_call(scene.world)
        assert call["cause"] == "lost"
        assert call["used_seconds"] <= scene.talked_seconds(channel_id)


async def test_a_caller_whose_arrival_was_never_told_is_hung_up(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        scene.asterisk.mute = True
        channel_id = await scene.call()
        scene.asterisk.mute = False
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel_id] == 42
        assert await all_calls(scene.world) == []


async def test_a_call_that_nothing_pays_for_is_cut(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        await scene.talking()
        session_id = (await scene.books(live=True))["session_id"]
        await scene.world.office.execute(
            End(organization_id=scene.world.organization_id, session_id=session_id, used_seconds=1, cause="by hand")
        )
        await scene.nothing_is_left()
        flags = await scene.parts.services.pool.fetch("select kind from call_flags")
        assert [each["kind"] for each in flags] == ["not_charged"]


async def test_what_is_left_of_calls_nobody_knows_is_cleared_away(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        await scene.talking()
        await scene.edge.stop()
        caller = next(each for each in scene.asterisk.channels if not each.startswith("commcredits-"))
        scene.asterisk.hang_up(caller)
        scene.asterisk.bridges["commcredits-of-long-ago"] = []
        scene.asterisk.bridges["somebody-else"] = []
        scene.edge = await serve(scene.parts, scene.settings)
        await soon(lambda: not scene.asterisk.channels and [*scene.asterisk.bridges] == ["somebody-else"])


# ---- nonsense --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nonsense",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"type":7}',
        b'{"type":"StasisStart"}',
        b'{"type":"StasisStart","channel":{"id":["1"]}}',
        b'{"type":"StasisStart","args":"caller=1","channel":{"id":"1"}}',
        b'{"type":"ChannelDestroyed","cause":"16","channel":{"id":"1700000000.1"}}',
        b'{"type":"ChannelStateChange","channel":{"id":"1700000000.1","state":null}}',
        b'{"type":"Dial","peer":{}}',
        b'{"type":"\\ud800"}',
        b"\xff\xfe",
        b'{"type":"StasisStart","channel":{"id":"' + b"9" * 60_000 + b'"}}',
        b"[" * 10_000,
    ],
)
async def test_nonsense_changes_nothing_for_calls(database_url: str, nonsense: bytes) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        scene.asterisk.send_text(nonsense)
        await asyncio.sleep(0.1)
        if not scene.asterisk.has_client:  # text that is no UTF-8 ends a websocket (RFC 6455 §8.1)
            await _connected_again(scene)
        scene.asterisk.hang_up(leg(channel_id))
        await _gone(scene)
        assert (await only_call(scene.world))["state"] == "ended"


async def test_a_message_that_is_too_long_costs_the_link_and_no_call(database_url: str) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        scene.asterisk.send_text(b'{"type":"' + b"x" * (ari_socket.MESSAGE_BYTES_MAX + 1) + b'"}')
        await _connected_again(scene)
        scene.asterisk.hang_up(leg(channel_id))
        await _gone(scene)


async def test_a_bug_in_one_call_ends_no_other(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.talking()
        changed = AriCall.changed

        def stumble(call: AriCall, event: Event) -> None:
            if event.type == "ChannelVarset":
                raise ZeroDivisionError
            changed(call, event)

        monkeypatch.setattr(AriCall, "changed", stumble)
        with structlog.testing.capture_logs() as logs:
            scene.asterisk.send_again("ChannelVarset", channel_id)
            scene.asterisk.hang_up(leg(channel_id))
            await _gone(scene)
        assert "event failed" in [each["event"] for each in logs]


async def test_more_calls_than_may_be_are_refused_and_emergencies_are_not(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ari_link, "CALLS_MAX", 0)
    async with open_ari_scene(database_url) as scene:
        channel_id = await scene.call()
        await scene.nothing_is_left()
        assert scene.asterisk.causes[channel_id] == 42
        await scene.call(callee="112")
        await soon(lambda: scene.asterisk.dialled == ["PJSIP/112@carrier"])
