"""One peer on several connections, several peers, and what one of them does to the others: nothing."""

from __future__ import annotations

from dataclasses import replace

from structlog.testing import capture_logs

from commcredits.edges.diameter.dictionary import DEVICE_WATCHDOG, ResultCode
from commcredits.edges.diameter.messages import result_of
from tests.edges.diameter.base.harness import BRISK, CLIENT, OTHER_CLIENT, agreed, connected, serving, until


async def test_a_peer_is_served_on_each_of_its_connections_and_asked_on_the_newest() -> None:
    async with serving() as (server, application), agreed(server) as first:
        assert server.find_peer(CLIENT) is application.peers[0]
        async with agreed(server) as second:
            assert server.find_peer(CLIENT) is application.peers[1]
            assert (await first.receive()).command_code == DEVICE_WATCHDOG
            for client in (first, second):
                asked = client.charge()
                assert (await client.receive()).hop_by_hop == asked
        await until(lambda: application.closed == [CLIENT])
        assert server.find_peer(CLIENT) is application.peers[0]


async def test_the_older_connection_is_asked_whether_it_still_is() -> None:
    limits = replace(BRISK, watchdog_seconds=0.5)
    async with serving(limits=limits) as (server, application), agreed(server) as first, agreed(server) as second:
        while len(application.closed) == 0:
            question = await second.receive()
            second.answer(question)
        assert (await first.receive()).command_code == DEVICE_WATCHDOG
        assert await first.is_closed()
        assert server.find_peer(CLIENT) is application.peers[1]


async def test_a_suspect_connection_is_asked_only_when_there_is_no_other() -> None:
    limits = replace(BRISK, watchdog_seconds=1.5)
    async with serving(limits=limits) as (server, application), agreed(server):
        older = application.peers[0]
        await until(lambda: older.watchdog.is_suspect)  # type: ignore[attr-defined] # the state behind the interface
        assert server.find_peer(CLIENT) is older
        async with agreed(server):
            assert server.find_peer(CLIENT) is application.peers[1]


async def test_a_peer_that_was_started_again_loses_the_connections_of_its_past() -> None:
    with capture_logs() as lines:
        async with serving() as (server, application), agreed(server, state_id=7) as before:
            async with agreed(server, state_id=7):
                assert len(application.closed) == 0
            async with agreed(server, state_id=8) as after:
                assert (await before.receive()).command_code == DEVICE_WATCHDOG
                assert await before.is_closed()
                assert await after.is_alive()
    assert "the peer was started again" in [line.get("reason") for line in lines]


async def test_a_peer_has_so_many_connections_and_no_more() -> None:
    async with (
        serving(limits=replace(BRISK, connections_of_peer_max=2)) as (server, _),
        agreed(server),
        agreed(server),
        connected(server) as third,
        agreed(server, OTHER_CLIENT) as other,
    ):
        answer = await third.agree()
        assert (result_of(answer), answer.is_error) == (ResultCode.TOO_BUSY, True)
        assert await third.is_closed()
        assert await other.is_alive()


async def test_there_are_so_many_connections_and_no_more() -> None:
    with capture_logs() as lines:
        async with serving(limits=replace(BRISK, connections_max=2)) as (server, _):
            async with agreed(server) as first, connected(server), connected(server) as third:
                assert await third.is_closed()
                assert await first.is_alive()
            await until(lambda: server.connection_count == 0)
            async with agreed(server) as again:
                assert await again.is_alive()
    assert "too many connections" in [line.get("reason") for line in lines]
