"""One-time events: debits of all or nothing, refunds of what was debited, questions that change nothing."""

from __future__ import annotations

import pytest

from commcredits.edges.diameter.avp_writing import write_group, write_unsigned64
from commcredits.edges.diameter.credit_control.dictionary import CC_MONEY, REQUESTED_SERVICE_UNIT, Action
from tests.edges.diameter.credit_client import group, information, subscription, units
from tests.edges.diameter.credit_harness import CLIENT, OTHER_CLIENT, SECOND_MICROS, open_stand

EVENT = f"{CLIENT};7;event"
REFUND = f"{CLIENT};7;refund"
PARTIES = (subscription(), information())
EUR = 978


async def test_a_debit_takes_all_of_its_units_at_once(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        told = await client.event(EVENT, Action.DIRECT_DEBITING, *PARTIES, group(requested=30))
        assert (told.result, told.type, told.only.granted) == (2001, 4, 30)
        assert told.cost == (30 * SECOND_MICROS, -6, EUR)
        assert told.only.refund
        call = await stand.call()
        assert (call["state"], call["charged_micros"], call["cause"]) == ("ended", 30 * SECOND_MICROS, "debited")


async def test_a_debit_that_is_not_covered_takes_nothing(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=29 * SECOND_MICROS) as stand:
        client = await stand.connect()
        told = await client.event(EVENT, Action.DIRECT_DEBITING, *PARTIES, group(requested=30))
        assert (told.result, told.only.result, told.only.granted, told.cost) == (4012, 4012, None, None)
        call = await stand.call()
        assert (call["state"], call["charged_micros"], call["live"]) == ("ended", 0, False)


async def test_a_debit_is_repeated_and_not_taken_twice_also_after_a_restart(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        first = await client.event(EVENT, Action.DIRECT_DEBITING, *PARTIES, units(30, None))
        avps = client.last
        assert (await client.again(retransmitted=True)).octets[20:] == first.octets[20:]
        client = await stand.restart()
        client.last = avps
        assert (await client.again(retransmitted=True)).octets[20:] == first.octets[20:]
        assert (await stand.call())["charged_micros"] == 30 * SECOND_MICROS


async def test_events_of_one_session_id_are_told_apart_by_their_numbers(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        for number in range(3):
            await client.event(EVENT, Action.DIRECT_DEBITING, *PARTIES, units(10, None), number=number)
        assert [call["used_seconds"] for call in await stand.calls()] == [10, 10, 10]


@pytest.mark.parametrize(
    "asked",
    [
        units(None, None),
        units(0, None),
        units(14_401, None),
        write_group(REQUESTED_SERVICE_UNIT, write_group(CC_MONEY)),
        write_group(REQUESTED_SERVICE_UNIT, write_unsigned64(417, 1)),
    ],
)
async def test_a_debit_of_anything_but_seconds_cannot_be_rated(database_url: str, asked: bytes) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        told = await client.event(EVENT, Action.DIRECT_DEBITING, *PARTIES, asked)
        assert (told.result, told.code) == (5031, "units_are_not_seconds")
        assert await stand.calls() == []


async def test_a_refund_gives_back_the_debit_that_it_names_once(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        debit = await client.event(EVENT, Action.DIRECT_DEBITING, *PARTIES, group(requested=30))
        back = group(requested=None, refund=debit.only.refund)
        told = await client.event(REFUND, Action.REFUND_ACCOUNT, subscription(), back)
        assert (told.result, told.only.granted, told.cost) == (2001, 30, (30 * SECOND_MICROS, -6, EUR))
        avps = client.last
        client = await stand.restart()
        client.last = avps
        assert (await client.again(retransmitted=True)).result == 2001
        assert (await stand.call())["charged_micros"] == 0


async def test_a_refund_may_be_for_a_part_and_another_for_the_next(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        debit = await client.event(EVENT, Action.DIRECT_DEBITING, *PARTIES, group(requested=30))
        for number, left in ((0, 20), (1, 10)):
            part = group(requested=10, refund=debit.only.refund)
            told = await client.event(REFUND, Action.REFUND_ACCOUNT, part, number=number)
            assert (told.only.granted, told.cost) == (10, (10 * SECOND_MICROS, -6, EUR))
            assert (await stand.call())["used_seconds"] == left


@pytest.mark.parametrize("reference", [b"", b"x", b"\xff\xff", b"00000000-0000-0000-0000-000000000000:" + b"y" * 300])
async def test_a_refund_of_no_debit_is_refused(database_url: str, reference: bytes) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        told = await client.event(REFUND, Action.REFUND_ACCOUNT, group(requested=None, refund=reference))
        assert (told.result, told.code) == (5031, "unknown_debit")
        assert [avp.code for avp in told.failed] == [2022]


async def test_a_debit_is_given_back_to_the_client_that_took_it_only(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        debit = await (await stand.connect()).event(EVENT, Action.DIRECT_DEBITING, *PARTIES, group(requested=30))
        other = await stand.connect(OTHER_CLIENT)
        told = await other.event(REFUND, Action.REFUND_ACCOUNT, group(requested=None, refund=debit.only.refund))
        assert told.result == 5031
        assert (await stand.call())["charged_micros"] == 30 * SECOND_MICROS


async def test_a_running_call_is_not_refunded(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        await client.begin(EVENT, *PARTIES, group())
        reference = f"{stand.organization_id}:{EVENT}~rg100".encode()
        told = await client.event(REFUND, Action.REFUND_ACCOUNT, group(requested=None, refund=reference))
        assert (told.result, told.code) == (5012, "conflict")


@pytest.mark.parametrize(("requested", "balance"), [(60, 0), (61, 1), (0, 0)])
async def test_a_balance_is_enough_for_what_it_covers(database_url: str, requested: int, balance: int) -> None:
    async with open_stand(database_url, funds_micros=60 * SECOND_MICROS) as stand:
        client = await stand.connect()
        told = await client.event(EVENT, Action.CHECK_BALANCE, *PARTIES, units(requested, None))
        assert (told.result, told.balance) == (2001, balance)
        assert await stand.calls() == []


async def test_an_empty_balance_is_not_enough(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=SECOND_MICROS - 1) as stand:
        told = await (await stand.connect()).event(EVENT, Action.CHECK_BALANCE, *PARTIES)
        assert (told.result, told.balance) == (2001, 1)


async def test_a_balance_of_nobody_is_an_unknown_user(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        told = await (await stand.connect()).event(EVENT, Action.CHECK_BALANCE, information("tel:+40799999999"))
        assert (told.result, told.balance) == (5030, None)


async def test_a_price_is_told_without_touching_the_balance(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=SECOND_MICROS) as stand:
        client = await stand.connect()
        told = await client.event(EVENT, Action.PRICE_ENQUIRY, *PARTIES, units(90, None))
        assert (told.result, told.cost) == (2001, (90 * SECOND_MICROS, -6, EUR))
        assert await stand.calls() == []


async def test_a_price_that_nobody_knows_cannot_be_rated(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        told = await client.event(EVENT, Action.PRICE_ENQUIRY, subscription(), information(called="tel:+33142685300"))
        assert (told.result, told.code, told.cost) == (5031, "no_rate", None)
