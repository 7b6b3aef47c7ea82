"""Repeated, overtaken and lost requests, and restarts between them: one ledger, and the first answer again."""

from __future__ import annotations

import asyncio

from commcredits.edges.diameter.avp_writing import write_octets
from commcredits.edges.diameter.credit_control.dictionary import SERVICE_INFORMATION, RequestType
from commcredits.edges.diameter.messages import PROXIABLE, REQUEST, RETRANSMITTED
from tests.edges.diameter.credit_client import event_time, group, information, read_told, subscription
from tests.edges.diameter.credit_harness import CLIENT, SECOND_MICROS, open_second, open_stand

SESSION = f"{CLIENT};7;order"
PARTIES = (subscription(), information())


async def test_a_retransmission_gets_the_same_answer_over_any_connection(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client, other = await stand.connect(), await stand.connect()
        for kind, number, avps in (
            (RequestType.INITIAL, 0, (*PARTIES, group())),
            (RequestType.UPDATE, 1, (group(used=50),)),
            (RequestType.TERMINATION, 2, (group(requested=None, used=7),)),
        ):
            first = await client.credit(SESSION, kind, number, *avps)
            other.last = client.last
            again = await other.again(retransmitted=True)
            assert again.octets[20:] == first.octets[20:]
        assert (await stand.call())["charged_micros"] == 57 * SECOND_MICROS


async def test_a_retransmission_that_comes_before_the_answer_is_answered_with_it(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        avps = client.request_avps(SESSION, 1, 0, *PARTIES, group())
        both = client.send(avps), client.send(avps, flags=REQUEST | PROXIABLE | RETRANSMITTED)
        first, second = [read_told(message) for message in await asyncio.gather(*both)]
        assert first.octets[20:] == second.octets[20:]
        assert len(await stand.calls()) == 1


async def test_a_retransmission_after_a_restart_gets_the_same_answer_and_is_charged_once(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        stand.office.clock.advance(seconds=50)
        first = await client.update(SESSION, 1, group(used=50))
        avps = client.last
        client = await stand.restart()
        client.last = avps
        again = await client.again(retransmitted=True)
        assert again.groups == first.groups
        call = await stand.call()
        assert (call["used_seconds"], call["charged_micros"]) == (50, 50 * SECOND_MICROS)
        ended = await client.end(SESSION, 2, group(requested=None, used=10))
        assert ended.cost == (60 * SECOND_MICROS, -6, 978)


async def test_a_call_goes_on_over_a_restart_without_a_word_about_its_parties(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        await client.update(SESSION, 1, group(used=40))
        client = await stand.restart()
        told = await client.update(SESSION, 2, group(used=50))
        assert (told.result, told.only.granted) == (2001, 60)
        client = await stand.restart()
        await client.end(SESSION, 3, group(requested=None, used=10))
        assert (await stand.call())["used_seconds"] == 100


async def test_an_end_may_overtake_the_answer_to_the_beginning(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        begun = client.send(client.request_avps(SESSION, 1, 0, *PARTIES, group()))
        ended = client.send(client.request_avps(SESSION, 3, 1, group(requested=None, used=0)))
        results = [read_told(message).result for message in await asyncio.gather(begun, ended)]
        assert results == [2001, 2001]
        call = await stand.call()
        assert (call["state"], call["charged_micros"]) == ("ended", 0)


async def test_updates_that_do_not_wait_for_each_other_add_up(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        sent = [client.send(client.request_avps(SESSION, 1, 0, *PARTIES, group()))]
        sent += [client.send(client.request_avps(SESSION, 2, number, group(used=10))) for number in range(1, 6)]
        told = [read_told(message) for message in await asyncio.gather(*sent)]
        assert [each.result for each in told] == [2001] * 6
        assert (await stand.call())["used_seconds"] == 50


async def test_an_end_before_its_beginning_leaves_no_session_behind(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        assert (await client.end(SESSION, 1, group(requested=None, used=4))).result == 5002
        begun = await client.begin(SESSION, *PARTIES, group())
        assert (begun.result, begun.code) == (5012, "ended_before")
        call = await stand.call()
        assert (call["state"], call["charged_micros"]) == ("ended", 4 * SECOND_MICROS)


async def test_a_report_that_was_overtaken_is_answered_and_charged_with_the_next(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        stand.office.clock.advance(seconds=50)
        assert (await client.update(SESSION, 2, group(used=20))).result == 2001
        late = await client.update(SESSION, 1, group(used=30))
        assert (late.result, late.only.granted) == (2001, 30)
        await client.end(SESSION, 3, group(requested=None, used=5))
        assert (await stand.call())["used_seconds"] == 55


async def test_what_a_lost_report_told_is_made_up_for_by_the_clock_within_the_grant(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        stand.office.clock.advance(seconds=50)
        await client.update(SESSION, 1, group(used=50))
        stand.office.clock.advance(seconds=40)
        # The second, of 30, never came; the client does not tell it again.
        ended = await client.end(SESSION, 3, group(requested=None, used=10))
        assert ended.result == 2001
        assert (await stand.call())["used_seconds"] == 90


async def test_an_end_that_waited_at_the_client_is_counted_when_it_was_written(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        stand.office.clock.advance(seconds=50)
        await client.update(SESSION, 1, group(used=50))
        stand.office.clock.advance(seconds=20)
        written_at = stand.office.clock.now
        stand.office.clock.advance(seconds=30)
        await client.end(SESSION, 3, event_time(written_at), group(requested=None, used=10))
        assert (await stand.call())["used_seconds"] == 70


async def test_another_process_may_have_had_the_requests_that_are_missing_here(database_url: str) -> None:
    async with open_stand(database_url) as stand, open_second(stand) as second:
        here = await stand.connect()
        await here.begin(SESSION, *PARTIES, group())
        await here.update(SESSION, 1, group(used=10))
        assert (await second.update(SESSION, 2, group(used=20))).result == 2001
        assert (await here.update(SESSION, 3, group(used=30))).result == 2001
        assert (await stand.call())["used_seconds"] == 60


async def test_a_second_end_changes_nothing(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        await client.end(SESSION, 1, group(requested=None, used=10))
        again = await client.end(SESSION, 2, group(requested=None, used=10))
        assert (again.result, again.cost) == (2001, (10 * SECOND_MICROS, -6, 978))
        after = await client.update(SESSION, 3, group(used=10))
        assert (after.result, after.code) == (5002, "session_ended")


async def test_the_same_number_with_other_content_is_a_conflict(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        await client.update(SESSION, 1, group(used=10, requested=30))
        told = await client.update(SESSION, 1, group(used=25, requested=40))
        assert (told.result, told.code) == (5012, "conflict")
        assert (await stand.call())["used_seconds"] == 10


async def test_parties_that_cannot_be_read_do_not_end_a_call_that_runs(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group())
        broken = write_octets(SERVICE_INFORMATION, b"\x00\x00\x03\x6c")
        assert (await client.update(SESSION, 1, broken, group(used=10))).result == 2001
        assert (await client.end(SESSION, 2, broken, group(requested=None, used=10))).result == 2001
        assert (await client.begin(f"{SESSION}2", subscription(), broken, group())).result == 5014
        assert (await stand.call())["used_seconds"] == 20
