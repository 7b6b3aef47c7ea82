"""A draft is written down, published once, or discarded, and everybody knows in which state a deck is."""

from typing import Any

import asyncpg
import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.rate_deck_life import discard_draft, publish_draft
from commcredits.operations.tariffs import (
    RateDeckInfo,
    RatesChecked,
    check_rates,
    draft_rate_deck,
    get_rate_deck,
    get_rate_deck_terms,
    list_rate_decks,
)
from commcredits.storage.decks import RateDeckState
from tests.operations.deck_lives import (
    TEN,
    TERMS,
    TOMORROW,
    assign,
    code_of,
    draft,
    minute_price,
    moved,
    on_deck,
    publish,
    roll_back,
)
from tests.operations.office import DECK, NOON, Office, new_id


async def test_a_draft_is_written_down_and_prices_nothing(office: Office) -> None:
    drafted = await draft(office, terms=TERMS)
    assert (drafted.state, drafted.created_at, drafted.published_at) == (RateDeckState.DRAFT, NOON, None)

    organization = await office.organization()
    refused = await assign(office, organization.organization_id, drafted)
    not_published = RefusalCode.RATE_DECK_NOT_PUBLISHED
    assert refused == Refused(code=not_published, facts={"rate_deck_id": drafted.rate_deck_id})


async def test_the_same_command_drafts_one_deck_and_other_content_is_a_conflict(office: Office) -> None:
    first = await draft(office, command_id="one")
    assert await draft(office, command_id="one") == first
    for change in ({"lines": [DECK]}, {"name": "Other"}, {"terms": TERMS}, {"currency": "RON"}):
        given: dict[str, Any] = {"command_id": "one", "name": "Draft", "currency": "EUR", "lines": [TEN], **change}
        assert code_of(await draft_rate_deck(office.services, **given)) is RefusalCode.CONFLICT


async def test_terms_that_are_wrong_are_refused_before_the_file_is_read(office: Office) -> None:
    class Unread:
        def read(self, _size: int, /) -> bytes:
            raise AssertionError("the file was read")

    refused = await draft_rate_deck(
        office.services,
        command_id="one",
        name="Draft",
        currency="EUR",
        lines=Unread(),
        terms='{"bands": {"peak": {"from": "x"}}}',
    )
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "bands.peak.weekdays"


async def test_a_draft_is_published_once_and_then_assigned(office: Office) -> None:
    drafted = await draft(office)
    office.clock.advance(hours=1)
    published = moved(await publish(office, drafted)).deck
    assert (published.state, published.published_at) == (RateDeckState.PUBLISHED, office.clock.now)
    assert await get_rate_deck(office.services, rate_deck_id=drafted.rate_deck_id) == published

    assert moved(await publish(office, drafted)).deck == published
    again = await publish(office, drafted, command_id="again")
    assert again == Refused(code=RefusalCode.RATE_DECK_NOT_DRAFT, facts={"rate_deck_id": drafted.rate_deck_id})
    assert code_of(await publish(office, drafted, at=TOMORROW)) is RefusalCode.CONFLICT
    assert await minute_price(office, await on_deck(office, published)) == 6_000_000


async def test_only_a_published_deck_in_the_same_currency_is_replaced(office: Office) -> None:
    new, other, lei = await draft(office), await draft(office), await office.deck("RON")
    assert code_of(await publish(office, new, replaces=other)) is RefusalCode.RATE_DECK_NOT_PUBLISHED
    assert code_of(await publish(office, new, replaces=new)) is RefusalCode.RATE_DECK_NOT_PUBLISHED
    assert code_of(await publish(office, new, replaces=lei)) is RefusalCode.CURRENCY_MISMATCH
    missing = await publish_draft(
        office.services, command_id="publish", rate_deck_id=new.rate_deck_id, replaces_rate_deck_id=new_id()
    )
    assert code_of(missing) is RefusalCode.UNKNOWN_RATE_DECK
    still = await get_rate_deck(office.services, rate_deck_id=new.rate_deck_id)
    assert isinstance(still, RateDeckInfo)
    assert still.state is RateDeckState.DRAFT


async def test_only_a_deck_that_took_anothers_place_is_rolled_back(office: Office) -> None:
    drafted = await draft(office)
    assert code_of(await roll_back(office, drafted)) is RefusalCode.RATE_DECK_NOT_PUBLISHED
    assert code_of(await roll_back(office, await office.deck())) is RefusalCode.INVALID_INPUT


async def test_a_discarded_draft_is_gone_with_its_rates_and_comes_back_by_no_way(office: Office) -> None:
    drafted, kept = await draft(office), await office.deck()
    discarded = await discard_draft(office.services, rate_deck_id=drafted.rate_deck_id)
    assert isinstance(discarded, RateDeckInfo)
    assert discarded.state is RateDeckState.DISCARDED
    assert await discard_draft(office.services, rate_deck_id=drafted.rate_deck_id) == discarded
    assert await office.services.pool.fetchval("select count(*) from rates") == kept.rate_count

    assert code_of(await publish(office, drafted)) is RefusalCode.RATE_DECK_NOT_DRAFT
    organization = await office.organization()
    refused = await assign(office, organization.organization_id, drafted)
    assert code_of(refused) is RefusalCode.RATE_DECK_NOT_PUBLISHED
    published = await discard_draft(office.services, rate_deck_id=kept.rate_deck_id)
    assert code_of(published) is RefusalCode.RATE_DECK_NOT_DRAFT


async def test_the_rates_of_a_deck_that_is_no_discarded_draft_are_never_lost(office: Office) -> None:
    for deck in (await office.deck(), await draft(office)):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="rates is append-only"):
            await office.services.pool.execute("delete from rates where rate_deck_id = $1", deck.rate_deck_id)


async def test_decks_are_listed_by_their_state(office: Office) -> None:
    published, drafted, discarded = await office.deck(), await draft(office), await draft(office)
    await discard_draft(office.services, rate_deck_id=discarded.rate_deck_id)

    async def listed(state: str | None) -> set[str]:
        page = await list_rate_decks(office.services, cursor=None, limit=10, state=state)
        assert not isinstance(page, Refused)
        return {deck.rate_deck_id for deck in page.items}

    assert await listed(None) == {published.rate_deck_id, drafted.rate_deck_id}
    assert await listed("draft") == {drafted.rate_deck_id}
    assert await listed("published") == {published.rate_deck_id}
    assert await listed("discarded") == {discarded.rate_deck_id}
    assert code_of(await list_rate_decks(office.services, cursor=None, limit=10, state="old")) is (
        RefusalCode.INVALID_INPUT
    )


async def test_a_file_can_be_checked_without_keeping_anything(office: Office) -> None:
    columns = b"prefix,destination,service,price_per_minute,connection_fee,first_increment,next_increment,"
    content = columns + (
        b"effective_from,effective_to,origin_country,band_prices,steps,charge_max\n"
        b"44,UK,outbound,1,0,1,1,2020-01-01,,,night:0.1,,\n"
        b"44,UK,outbound,1,0,1,1,2020-01-01,,DE,,60:0.1,5\n"
        b"44,UK,toll_in,1,0,1,1,2020-01-01,,,,,\n"
    )
    checked = await check_rates(
        currency="EUR", lines=[content], terms='{"bands": {"night": {"weekdays": "mon-sun", "to": "06:00"}}}'
    )
    assert checked == RatesChecked(
        rate_count=3,
        services={"outbound": 2, "toll_in": 1},
        with_bands=1,
        with_steps=1,
        with_maximum=1,
        with_origin=1,
    )
    assert code_of(await check_rates(currency="EUR", lines=[content])) is RefusalCode.INVALID_INPUT
    assert await office.services.pool.fetchval("select count(*) from rate_decks") == 0


async def test_the_terms_of_a_deck_can_be_read(office: Office) -> None:
    drafted = await draft(office, terms=TERMS)
    terms = await get_rate_deck_terms(office.services, rate_deck_id=drafted.rate_deck_id)
    assert not isinstance(terms, Refused)
    assert terms.rounding.digits == 2
    assert code_of(await get_rate_deck_terms(office.services, rate_deck_id=new_id())) is RefusalCode.UNKNOWN_RATE_DECK
