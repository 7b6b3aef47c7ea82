"""Several rating groups and services in one session: each is a call of its own, with a result of its own."""

from __future__ import annotations

from tests.edges.diameter.credit_client import group, information, subscription
from tests.edges.diameter.credit_harness import CLIENT, SECOND_MICROS, open_stand

SESSION = f"{CLIENT};7;groups"
PARTIES = (subscription(), information())


async def test_each_group_is_granted_charged_and_ended_by_itself(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, group(100), group(200, requested=20))
        assert [(each.rating_group, each.granted) for each in begun.groups] == [(100, 60), (200, 20)]
        stand.office.clock.advance(seconds=30)
        one = await client.update(SESSION, 1, group(200, used=15))
        assert (one.only.rating_group, one.only.granted) == (200, 60)
        ended = await client.end(SESSION, 2, group(100, requested=None, used=30), group(200, requested=None, used=4))
        assert [(each.rating_group, each.result) for each in ended.groups] == [(100, 2001), (200, 2001)]
        assert ended.cost == (49 * SECOND_MICROS, -6, 978)
        calls = await stand.calls()
        assert sorted(call["used_seconds"] for call in calls) == [19, 30]
        assert {call["session_id"] for call in calls} == {f"{SESSION}~rg100", f"{SESSION}~rg200"}


async def test_services_within_a_group_are_targets_of_their_own(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        begun = await client.begin(
            SESSION, *PARTIES, group(services=[1]), group(services=[3, 2]), group(None, services=[4])
        )
        assert [each.service_identifiers for each in begun.groups] == [(1,), (3, 2), (4,)]
        assert [each.result for each in begun.groups] == [2001] * 3
        again = await client.update(SESSION, 1, group(services=[2, 3], used=5))
        assert again.result == 2001
        assert len(await stand.calls()) == 3


async def test_one_group_may_fail_where_another_is_granted(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=60 * SECOND_MICROS) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, group(100), group(200))
        assert begun.result == 2001
        assert [(each.result, each.granted) for each in begun.groups] == [(2001, 60), (4012, None)]


async def test_a_group_without_credit_does_not_end_the_others(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=100 * SECOND_MICROS) as stand:
        client = await stand.connect()
        begun = await client.begin(SESSION, *PARTIES, group(100, requested=80), group(200, requested=20))
        assert [each.granted for each in begun.groups] == [80, 20]
        beyond = await client.update(SESSION, 1, group(200, used=20))
        assert (beyond.result, beyond.only.result) == (2001, 4012)
        other = await client.end(SESSION, 2, group(100, requested=None, used=80), group(200, requested=None, used=0))
        assert other.result == 2001
        assert sorted(call["charged_micros"] for call in await stand.calls()) == [
            20 * SECOND_MICROS,
            80 * SECOND_MICROS,
        ]


async def test_a_group_may_join_a_session_that_runs(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group(100))
        joined = await client.update(SESSION, 1, *PARTIES, group(200), group(100, used=20))
        assert [(each.rating_group, each.granted) for each in joined.groups] == [(200, 60), (100, 60)]


async def test_units_of_a_group_that_nobody_authorised_cannot_be_rated(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group(100))
        told = await client.update(SESSION, 1, *PARTIES, group(999, used=20), group(100, used=20))
        assert [(each.rating_group, each.result) for each in told.groups] == [(999, 5031), (100, 2001)]
        assert len(await stand.calls()) == 1


async def test_a_group_ends_alone_when_its_report_is_final(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group(100), group(200))
        told = await client.update(SESSION, 1, group(200, requested=None, used=12, final=True))
        assert (told.result, told.only.granted) == (2001, None)
        calls = {call["session_id"][-5:]: call for call in await stand.calls()}
        assert (calls["rg200"]["state"], calls["rg200"]["charged_micros"]) == ("ended", 12 * SECOND_MICROS)
        assert calls["rg100"]["live"]


async def test_a_session_ends_whole_also_where_no_group_is_named(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group(100), group(200))
        await client.update(SESSION, 1, group(100, used=10), group(200, used=10))
        told = await client.end(SESSION, 2)
        assert (told.result, told.groups) == (2001, ())
        assert [(call["state"], call["used_seconds"]) for call in await stand.calls()] == [("ended", 10)] * 2


async def test_a_session_ends_whole_after_a_restart_too(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(SESSION, *PARTIES, group(100), group(200))
        await client.update(SESSION, 1, group(100, used=10), group(200, used=10))
        client = await stand.restart()
        told = await client.end(SESSION, 2, information(), group(100, requested=None, used=5))
        assert told.result == 2001
        assert [(call["state"], call["used_seconds"]) for call in await stand.calls()] == [
            ("ended", 15),
            ("ended", 10),
        ]


async def test_one_target_named_twice_is_one_too_many(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        told = await client.begin(SESSION, *PARTIES, group(100), group(100))
        assert (told.result, told.type, told.number) == (5009, 1, 0)
        assert await stand.calls() == []
