"""A deck is published whole or not at all, once, and prices the calls of the organizations that it is assigned to."""

import asyncio
import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from commcredits.core.commands import Service
from commcredits.core.outcomes import Done, Granted, RefusalCode, Refused
from commcredits.core.tariffs import find_rate
from commcredits.operations import rate_deck_sources
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.paging import Page, write_cursor
from commcredits.operations.tariffs import (
    RateDeckInfo,
    assign_rate_deck,
    get_rate_deck,
    list_rate_decks,
    publish_rate_deck,
)
from commcredits.storage.decks import load_deck
from tests.operations.office import CALLEE, DECK, NOON, SHARD, Office, new_id
from tests.operations.wrong_rate_decks import deck, row

TWO_RATES = deck(row(prefix="44"), row(prefix="447", price_per_minute="1.20"))


async def published(
    office: Office, command_id: str = "one", name: str = "Standard", content: bytes = TWO_RATES
) -> object:
    return await publish_rate_deck(office.services, command_id=command_id, name=name, currency="EUR", lines=[content])


async def stored(office: Office) -> tuple[int, int, int]:
    """How many decks, rates and remembered commands there are."""
    count = "select (select count(*) from rate_decks), (select count(*) from rates), (select count(*) from commands)"
    counted = await office.services.pool.fetchrow(count)
    assert counted is not None
    return counted[0], counted[1], counted[2]


async def assigned(office: Office, organization: Organization, info: RateDeckInfo, command_id: str) -> Done | Refused:
    return await assign_rate_deck(
        office.services,
        organization_id=organization.organization_id,
        command_id=command_id,
        rate_deck_id=info.rate_deck_id,
    )


async def test_a_published_deck_says_what_it_is_and_holds_its_rates(office: Office) -> None:
    info = await published(office)

    assert isinstance(info, RateDeckInfo)
    assert (info.name, info.currency, info.rate_count, info.published_at) == ("Standard", "EUR", 2, NOON)
    assert await get_rate_deck(office.services, rate_deck_id=info.rate_deck_id) == info
    async with office.services.pool.acquire() as connection:
        whole = await load_deck(connection, SHARD, info.rate_deck_id)
    longer = find_rate(whole, Service.OUTBOUND, "+447911123456", NOON)
    shorter = find_rate(whole, Service.OUTBOUND, CALLEE, NOON)
    assert longer is not None
    assert shorter is not None
    assert (longer.price_per_minute_micros, shorter.price_per_minute_micros) == (1_200_000, 600_000)


async def test_a_deck_can_come_as_a_file_as_pieces_or_as_a_stream(office: Office, tmp_path: Path) -> None:
    async def stream() -> AsyncIterator[bytes]:
        for byte in TWO_RATES:
            yield bytes([byte])

    def pieces() -> Iterator[bytes]:
        yield TWO_RATES[:70]
        yield b""
        yield TWO_RATES[70:]

    path = tmp_path / "deck.csv"
    path.write_bytes(TWO_RATES)
    with path.open("rb") as file:
        for lines in (file, io.BytesIO(TWO_RATES), TWO_RATES.splitlines(keepends=True), pieces(), stream()):
            info = await publish_rate_deck(
                office.services, command_id="one", name="Standard", currency="EUR", lines=lines
            )
            # The same command with the same bytes: one deck, however they came.
            assert isinstance(info, RateDeckInfo), info
    assert await stored(office) == (1, 2, 1)


async def test_the_same_command_publishes_one_deck_and_gets_it_again(office: Office) -> None:
    first = await published(office)
    office.clock.advance(hours=1)
    assert await published(office) == first
    assert await stored(office) == (1, 2, 1)


async def test_a_command_that_arrives_many_times_at_once_publishes_one_deck(office: Office) -> None:
    answers = await asyncio.gather(*(published(office) for _ in range(6)))
    assert all(isinstance(answer, RateDeckInfo) for answer in answers)
    assert len({str(answer) for answer in answers}) == 1
    assert await stored(office) == (1, 2, 1)


async def test_the_same_command_with_other_content_is_a_conflict(office: Office) -> None:
    await published(office)
    conflict = Refused(code=RefusalCode.CONFLICT, facts={"command_id": "one", "command": "publish_rate_deck"})
    assert await published(office, name="Other") == conflict
    assert await published(office, content=TWO_RATES + b"\n") == conflict
    assert (
        await publish_rate_deck(office.services, command_id="one", name="Standard", currency="RON", lines=[TWO_RATES])
        == conflict
    )
    assert await stored(office) == (1, 2, 1)


async def test_a_deck_that_is_wrong_in_its_last_line_leaves_nothing_behind(office: Office) -> None:
    refused = await published(office, content=deck(*(row(prefix=str(prefix)) for prefix in range(100, 999)), "wrong"))

    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "line 901"
    assert await stored(office) == (0, 0, 0)
    # The file was put right, and nothing stands in its way.
    assert isinstance(await published(office), RateDeckInfo)


async def test_a_stream_that_breaks_leaves_nothing_behind(office: Office) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield TWO_RATES
        raise ConnectionResetError("the client is gone")

    with pytest.raises(ConnectionResetError):
        await publish_rate_deck(office.services, command_id="one", name="Standard", currency="EUR", lines=stream())
    assert await stored(office) == (0, 0, 0)


async def test_a_field_that_is_wrong_is_named_and_nothing_is_read(office: Office) -> None:
    class Unread:
        def read(self, _size: int, /) -> bytes:
            raise AssertionError("the file was read")

    for field, value in (
        ("command_id", ""),
        ("command_id", "x" * 129),
        ("name", ""),
        ("name", "x" * 201),
        ("name", "a\x00b"),
        ("currency", "eur"),
        ("currency", "XXX"),
        ("currency", ""),
    ):
        given: dict[str, Any] = {"command_id": "one", "name": "Standard", "currency": "EUR", field: value}
        refused = await publish_rate_deck(office.services, lines=Unread(), **given)
        assert isinstance(refused, Refused), (field, value)
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)


async def test_a_file_that_is_too_large_is_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_deck_sources, "DECK_BYTES_MAX", len(TWO_RATES) - 1)
    refused = await published(office)
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "lines"
    assert await stored(office) == (0, 0, 0)


async def test_a_large_deck_tells_its_progress_and_lets_others_work_meanwhile(office: Office) -> None:
    lines = [row(prefix=str(prefix), effective_to="") for prefix in range(100_000, 120_000)]
    told: list[int] = []
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    working = asyncio.create_task(others())
    info = await publish_rate_deck(
        office.services, command_id="one", name="Large", currency="EUR", lines=[deck(*lines)], progress=told.append
    )
    working.cancel()

    assert isinstance(info, RateDeckInfo)
    assert info.rate_count == 20_000
    assert told == sorted(set(told))
    assert told[-1] == 20_000
    assert len(told) > 10
    assert turns > 40
    assert await stored(office) == (1, 20_000, 1)


async def test_decks_are_listed_newest_first_each_once(office: Office) -> None:
    names = [f"Deck {number}" for number in range(5)]
    for name in names:
        await published(office, command_id=name.replace(" ", "-"), name=name)
        office.clock.advance(seconds=1)
    for limit in (1, 2, 5, 200):
        listed: list[str] = []
        cursor: str | None = None
        while True:
            page = await list_rate_decks(office.services, cursor=cursor, limit=limit)
            assert isinstance(page, Page)
            listed += [each.name for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert listed == names[::-1]


async def test_a_cursor_that_was_never_given_out_is_refused(office: Office) -> None:
    for cursor in ("", write_cursor("rate_decks", "1", "x"), write_cursor("rate_decks", "x", new_id())):
        refused = await list_rate_decks(office.services, cursor=cursor, limit=10)
        assert isinstance(refused, Refused), cursor
        assert refused.facts["field"] == "cursor"


async def test_a_deck_that_nobody_published_is_unknown(office: Office) -> None:
    organization = await office.organization()
    rate_deck_id = new_id()
    unknown = Refused(code=RefusalCode.UNKNOWN_RATE_DECK, facts={"rate_deck_id": rate_deck_id})
    assert await get_rate_deck(office.services, rate_deck_id=rate_deck_id) == unknown
    assert (
        await assign_rate_deck(
            office.services,
            organization_id=organization.organization_id,
            command_id="one",
            rate_deck_id=rate_deck_id,
        )
        == unknown
    )


async def test_what_is_no_id_of_a_deck_is_refused_as_input(office: Office) -> None:
    for text in ("", "1", "DECK", "\x00"):
        refused = await get_rate_deck(office.services, rate_deck_id=text)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "rate_deck_id")


async def test_an_assigned_deck_prices_the_next_call_and_not_one_that_runs(office: Office) -> None:
    organization = await office.organization()
    organization_id = organization.organization_id
    await office.grant(organization_id, 50_000_000)
    cheap, dear = await office.deck(), await office.deck(content=DECK.replace(b"0.60", b"6.00"))
    assert await assigned(office, organization, cheap, "one") == Done(changed=True)
    assert isinstance(await office.authorise(organization_id, "running"), Granted)

    assert await assigned(office, organization, dear, "two") == Done(changed=True)

    assert (await office.end(organization_id, "running", 60)).charged_micros == 600_000
    assert (await office.call(organization_id, "next", 60)).charged_micros == 6_000_000
    now = await get_organization(office.services, organization_id=organization_id)
    assert isinstance(now, Organization)
    assert now.rate_deck_id == dear.rate_deck_id


async def test_an_assignment_that_is_repeated_does_not_undo_a_later_one(office: Office) -> None:
    organization = await office.organization()
    one, other = await office.deck(), await office.deck()
    first = await assigned(office, organization, one, "one")
    await assigned(office, organization, other, "two")

    assert await assigned(office, organization, one, "one") == first

    now = await get_organization(office.services, organization_id=organization.organization_id)
    assert isinstance(now, Organization)
    assert now.rate_deck_id == other.rate_deck_id


async def test_the_same_assignment_command_with_another_deck_is_a_conflict(office: Office) -> None:
    organization = await office.organization()
    await assigned(office, organization, await office.deck(), "one")
    refused = await assigned(office, organization, await office.deck(), "one")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.CONFLICT


async def test_a_deck_in_another_currency_is_refused(office: Office) -> None:
    organization = await office.organization()
    refused = await assigned(office, organization, await office.deck("RON"), "one")
    assert refused == Refused(code=RefusalCode.CURRENCY_MISMATCH, facts={"currency": "RON", "allowed": "EUR"})


async def test_an_unknown_organization_is_assigned_no_deck(office: Office) -> None:
    info = await office.deck()
    for organization_id, code in (
        (new_id(), RefusalCode.UNKNOWN_ORGANIZATION),
        ("me", RefusalCode.INVALID_INPUT),
    ):
        refused = await assign_rate_deck(
            office.services, organization_id=organization_id, command_id="one", rate_deck_id=info.rate_deck_id
        )
        assert isinstance(refused, Refused)
        assert refused.code is code


async def test_an_assignment_needs_a_command_id_that_can_be_kept(office: Office) -> None:
    refused = await assigned(office, await office.organization(), await office.deck(), "x\x00")
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "command_id"
