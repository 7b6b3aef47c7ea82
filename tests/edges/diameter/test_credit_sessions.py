"""A session is authorised, extended, limited and ended over a real connection, and charged for its seconds."""

from __future__ import annotations

import pytest

from tests.edges.diameter.credit_client import CALLEE, CALLER, Told, cause, group, information, subscription, units
from tests.edges.diameter.credit_harness import CLIENT, OTHER_CLIENT, RELAY, SECOND_MICROS, open_stand

SESSION = f"{CLIENT};7;1"
PARTIES = (subscription(), information())


async def test_a_session_is_charged_for_its_seconds(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, group(services=[1000]))
        assert (begun.result, begun.type, begun.number) == (2001, 1, 0)
        assert begun.only.result == 2001
        assert (begun.only.rating_group, begun.only.service_identifiers) == (100, (1000,))
        assert (begun.only.granted, begun.only.final, begun.only.threshold) == (60, False, 10)
        stand.office.clock.advance(seconds=50)
        updated = await client.update(SESSION, 1, group(services=[1000], used=50))
        assert updated.only.granted == 60
        stand.office.clock.advance(seconds=33)
        ended = await client.end(SESSION, 2, cause(1), group(services=[1000], requested=None, used=33))
        assert (ended.result, ended.only.granted) == (2001, None)
        assert ended.cost == (83 * SECOND_MICROS, -6, 978)
        call = await stand.call()
        assert (call["state"], call["used_seconds"], call["charged_micros"]) == ("ended", 83, 83 * SECOND_MICROS)
        assert (call["caller"], call["callee"], call["cause"]) == (CALLER, CALLEE, "normal")
        assert call["switch"] == f"diameter:{CLIENT}"
        assert await stand.flags() == []


async def test_a_client_without_groups_is_answered_without_groups(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, units(30, None))
        assert (begun.groups, begun.units.granted) == ((), 30)
        updated = await client.update(SESSION, 1, units(30, 25))
        assert updated.units.granted == 30
        ended = await client.end(SESSION, 2, units(None, 5))
        assert (ended.result, ended.units.granted) == (2001, None)
        assert (await stand.call())["used_seconds"] == 30


async def test_units_are_valid_while_a_call_may_ring_and_then_as_long_as_they_last(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, group())
        # What lasts from the answer on must outlive the ringing: 60 seconds, 30 of margin, 180 to ring.
        assert begun.only.validity == 270
        updated = await client.update(SESSION, 1, group(used=50))
        assert updated.only.validity == 90


async def test_the_last_units_are_final_and_beyond_them_there_are_none(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=85 * SECOND_MICROS) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        last = await client.update(SESSION, 1, group(used=50))
        assert (last.result, last.only.granted, last.only.final, last.only.threshold) == (2001, 35, True, 0)
        beyond = await client.update(SESSION, 2, group(used=35))
        assert (beyond.result, beyond.only.result, beyond.only.granted) == (4012, 4012, None)
        assert beyond.code == "insufficient_funds"
        call = await stand.call()
        assert (call["state"], call["charged_micros"]) == ("ended", 85 * SECOND_MICROS)
        ended = await client.end(SESSION, 3, group(requested=None, used=0))
        assert (ended.result, ended.cost) == (2001, (85 * SECOND_MICROS, -6, 978))


async def test_final_units_that_are_not_used_up_are_given_again(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=85 * SECOND_MICROS) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        await client.update(SESSION, 1, group(used=50))
        early = await client.update(SESSION, 2, group(used=30))
        assert (early.result, early.only.granted, early.only.final) == (2001, 5, True)


async def test_a_top_up_before_the_last_report_extends_the_call(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=20 * SECOND_MICROS) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, group())
        assert (begun.only.granted, begun.only.final) == (20, True)
        await stand.office.grant(stand.organization_id, 1_000_000)
        stand.office.clock.advance(seconds=18)
        updated = await client.update(SESSION, 1, group(used=18))
        assert (updated.only.granted, updated.only.final) == (60, False)


async def test_a_report_that_asks_for_nothing_is_charged_and_given_nothing(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        told = await client.update(SESSION, 1, group(requested=None, used=40))
        assert (told.result, told.only.result, told.only.granted) == (2001, 2001, None)
        assert (await stand.call())["charged_micros"] == 40 * SECOND_MICROS


async def test_seconds_beyond_the_units_are_not_charged_but_noticed(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        stand.office.clock.advance(seconds=80)
        await client.end(SESSION, 1, group(requested=None, used=80))
        call = await stand.call()
        assert (call["used_seconds"], call["overrun_seconds"]) == (60, 20)
        assert await stand.flags() == ["overrun"]


async def _refused(database_url: str, *avps: bytes, funds_micros: int = 50_000_000) -> Told:
    async with open_stand(database_url, funds_micros=funds_micros) as stand:
        client = await stand.connect()
        told = await client.begin(SESSION, *avps)
        again = await client.again(retransmitted=True)
        assert (again.result, again.groups) == (told.result, told.groups)
        return told


async def test_who_has_no_funds_is_told_so_for_the_group_and_the_message(database_url: str) -> None:
    told = await _refused(database_url, *PARTIES, group(), funds_micros=SECOND_MICROS // 2)
    assert (told.result, told.only.result, told.code) == (4012, 4012, "insufficient_funds")


async def test_a_caller_that_nobody_knows_is_an_unknown_user(database_url: str) -> None:
    told = await _refused(database_url, information("tel:+40799999999"), group())
    assert (told.result, told.code) == (5030, "unknown_number")


async def test_a_request_that_names_no_caller_is_an_unknown_user(database_url: str) -> None:
    assert (await _refused(database_url, information(""), group())).result == 5030


async def test_a_destination_without_a_rate_cannot_be_rated(database_url: str) -> None:
    told = await _refused(database_url, subscription(), information(called="tel:+33142685300"), group())
    assert (told.result, told.code) == (5031, "no_rate")


async def test_a_request_without_a_called_party_is_told_what_is_missing(database_url: str) -> None:
    told = await _refused(database_url, subscription(), information(called=""), group())
    assert told.result == 5031
    assert [(avp.code, avp.vendor_id) for avp in told.failed] == [(873, 10415)]


async def test_the_subscriber_is_the_caller_where_no_party_is_named(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        told = await client.begin(SESSION, subscription(), information("", f"sip:{CALLEE}@ims.example"), group())
        assert told.result == 2001
        assert (await stand.call())["caller"] == CALLER


async def test_the_called_party_pays_where_the_client_serves_it(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        told = await client.begin(
            SESSION, subscription(), information("tel:+442079460000", f"tel:{CALLER}", role=1), group()
        )
        # The deck of the office has no rate for calls that come in; the call is in the books of whoever is called.
        assert (told.result, told.code) == (5031, "no_rate")
        call = await stand.call()
        assert (call["service"], call["callee"], call["state"]) == ("toll_in", CALLER, "refused")


async def test_a_session_id_that_another_client_has_is_a_conflict_and_noticed(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        first, second = await stand.connect(), await stand.connect(OTHER_CLIENT)
        assert (await first.begin(SESSION, *PARTIES, group())).result == 2001
        claimed = await second.begin(SESSION, *PARTIES, group())
        assert (claimed.result, claimed.code) == (5012, "conflict")
        assert await stand.flags() == ["claimed_twice"]
        for told in (
            await second.update(SESSION, 1, group(used=50)),
            await second.end(SESSION, 1, group(requested=None, used=50)),
        ):
            assert (told.result, told.code) == (5002, "unknown_session")
        assert (await first.update(SESSION, 1, group(used=10))).only.granted == 60


async def test_another_clients_session_is_not_found_after_a_restart_either(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        await (await stand.connect()).begin(SESSION, *PARTIES, group())
        await stand.restart()
        other = await stand.connect(OTHER_CLIENT)
        told = await other.end(SESSION, 1, information(), group(requested=None, used=50))
        assert told.result == 5002
        assert (await stand.call())["state"] == "authorised"


async def test_a_peer_speaks_for_itself_unless_it_is_a_relay(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        liar, relay = await stand.connect(OTHER_CLIENT), await stand.connect(RELAY)
        liar.host = relay.host = CLIENT
        told = await liar.begin(SESSION, *PARTIES, group())
        assert (told.result, [avp.data for avp in told.failed]) == (5003, [CLIENT.encode()])
        assert (await relay.begin(SESSION, *PARTIES, group())).result == 2001
        assert (await stand.call())["switch"] == f"diameter:{CLIENT}"


async def test_a_session_that_nobody_began_is_unknown(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        for told in (await client.update(SESSION, 1, group(used=5)), await client.end(SESSION, 2, group(used=5))):
            assert (told.result, told.code) == (5002, "unknown_session")


@pytest.mark.parametrize("requested", [1, 20, 14_400, 4_294_967_295])
async def test_a_client_gets_the_units_that_it_asks_for_up_to_four_hours(database_url: str, requested: int) -> None:
    async with open_stand(database_url, funds_micros=500_000_000) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, group(requested=requested))
        assert begun.only.granted == min(requested, 14_400)


@pytest.mark.parametrize("host", ["a b", "x:3868", "a/b", "höst", "\x7f", "a" * 256])
async def test_a_relay_that_speaks_for_what_is_no_host_is_told_so_each_time(database_url: str, host: str) -> None:
    async with open_stand(database_url) as stand:
        relay = await stand.connect(RELAY)
        relay.host = host
        for _attempt in range(2):
            assert (await relay.begin(SESSION, *PARTIES, group())).result == 5004
        assert not await stand.office.services.pool.fetchval("select count(*) from call_sessions")
