"""Emergency calls pass, whoever calls, whatever is known: a day at once, recorded afterwards, never cut."""

from __future__ import annotations

import pytest

from commcredits.edges.diameter.credit_control.dictionary import Action
from tests.edges.diameter.credit_client import Told, group, information, subscription, units
from tests.edges.diameter.credit_harness import CLIENT, open_stand

SESSION = f"{CLIENT};7;emergency"
CALLED = ("tel:112", "sip:112@ims.example", "sip:+112@ims.example", "urn:service:sos", "urn:service:sos.fire")


def _is_a_day(told: Told) -> bool:
    return (told.result, told.only.granted, told.only.validity, told.only.final) == (2001, 86_400, 86_400, False)


@pytest.mark.parametrize("called", CALLED)
async def test_an_emergency_call_without_funds_is_granted_a_day_and_recorded(database_url: str, called: str) -> None:
    async with open_stand(database_url, funds_micros=1) as stand:
        client = await stand.connect()
        assert _is_a_day(await client.begin(SESSION, subscription(), information(called=called), group()))
        assert _is_a_day(await client.update(SESSION, 1, group(used=3_000)))
        ended = await client.end(SESSION, 2, group(requested=None, used=90))
        assert ended.result == 2001
        call = await stand.call()
        assert (call["service"], call["state"], call["charged_micros"]) == ("emergency", "ended", 0)


@pytest.mark.parametrize("calling", ["tel:+40799999999", "sip:anonymous@anonymous.invalid", ""])
async def test_an_emergency_call_of_nobody_passes_from_its_beginning_to_its_end(
    database_url: str, calling: str
) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        parties = information(calling, "tel:112")
        assert _is_a_day(await client.begin(SESSION, parties, group()))
        client = await stand.restart()
        assert _is_a_day(await client.update(SESSION, 1, parties, group(used=3_000)))
        assert (await client.end(SESSION, 2, parties, group(requested=None, used=9))).result == 2001


async def test_an_emergency_call_goes_on_over_a_restart_without_its_parties(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=1) as stand:
        client = await stand.connect()
        await client.begin(SESSION, subscription(), information(called="tel:112"), group())
        await stand.settle()
        client = await stand.restart()
        assert _is_a_day(await client.update(SESSION, 1, group(used=60)))


async def test_an_emergency_debit_balance_and_price_are_free(database_url: str) -> None:
    async with open_stand(database_url, funds_micros=1) as stand:
        client = await stand.connect()
        parties = (subscription(), information(called="tel:112"))
        debit = await client.event(SESSION, Action.DIRECT_DEBITING, *parties, units(60, None))
        assert (debit.result, debit.units.granted) == (2001, 60)
        assert (await client.event(f"{SESSION}2", Action.CHECK_BALANCE, *parties)).balance == 0
        assert (await client.event(f"{SESSION}3", Action.PRICE_ENQUIRY, *parties)).cost == (0, -6, 999)
