"""A correction charges a period by another deck, once however often it is repeated, by transfers of its own."""

from collections.abc import Iterable

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations import period_rating, rerating
from commcredits.operations.rerating import correct_calls
from tests.operations.call_files import balance, call, file_of, imported, line, new_deck
from tests.operations.office import Office, new_id
from tests.operations.periods import (
    CHEAPER,
    DEARER,
    NOVEMBER,
    STANDARD,
    books_agree,
    charges,
    corrected,
    everything,
    organization_with_calls,
    simulated,
)


async def test_a_correction_charges_what_the_simulation_said(office: Office) -> None:
    organization = await organization_with_calls(office)
    deck = await new_deck(office, *DEARER)
    foretold = await simulated(office, organization, deck)
    available, owed = await balance(office, organization)

    done = await corrected(office, organization, deck)

    assert (done.calls, done.corrected, done.unchanged, done.free_calls) == (7, 2, 2, 1)
    assert (done.running, done.refused_calls, done.kept) == (1, 1, 0)
    assert (done.charged_micros, done.given_back_micros) == (foretold.difference_micros, 0)
    assert await balance(office, organization) == (available - foretold.difference_micros, owed)
    assert await charges(office, organization, "uk-1", "uk-2", "ro-1", "free-1") == [1_250_000, 1_250_000, 100_000, 0]
    assert (await simulated(office, organization, deck)).difference_micros == 0
    assert await books_agree(office)


async def test_a_correction_downwards_gives_back_by_reversing_transfers(office: Office) -> None:
    organization = await organization_with_calls(office)
    before = await office.services.pool.fetch("select to_jsonb(j)::text from journal j order by transfer_id")

    done = await corrected(office, organization, await new_deck(office, *CHEAPER))

    assert (done.corrected, done.given_back_micros, done.charged_micros) == (2, 600_000, 0)
    rows = await office.services.pool.fetch("select to_jsonb(j)::text from journal j order by transfer_id")
    assert rows[: len(before)] == before
    added = await office.services.pool.fetch(
        "select source, target, reason, amount_micros from journal order by transfer_id desc limit 2"
    )
    assert [tuple(row) for row in added] == [
        ("revenue_outbound", "customer_credits", "call_correction", 300_000),
        ("revenue_outbound", "customer_credits", "call_correction", 300_000),
    ]
    assert await books_agree(office)


async def test_a_correction_and_its_opposite_leave_every_balance_as_it_was(office: Office) -> None:
    organization = await organization_with_calls(office)
    original = str(await office.services.pool.fetchval("select rate_deck_id from organizations where name = 'Example'"))
    before = await balance(office, organization)

    await corrected(office, organization, await new_deck(office, *DEARER))
    await corrected(office, organization, await new_deck(office, *CHEAPER))
    await corrected(office, organization, original)

    assert await balance(office, organization) == before
    assert await charges(office, organization, "uk-1", "uk-2", "ro-1") == [600_000, 600_000, 100_000]
    assert await books_agree(office)


async def test_a_call_without_a_rate_gets_its_price_once_a_deck_has_one(office: Office) -> None:
    organization = await organization_with_calls(office)
    deck = await new_deck(office, *STANDARD, "999,Nowhere,outbound,2.00,0,1,1,2020-01-01,")

    done = await corrected(office, organization, deck)

    assert (done.corrected, done.charged_micros, done.free_calls) == (1, 2_000_000, 0)
    priced = await call(office, organization, "free-1")
    assert (priced.charged_micros, priced.cause, priced.rate_prefix) == (2_000_000, "recorded", "999")
    assert await books_agree(office)


async def test_what_a_correction_finds_no_funds_for_is_owed_and_given_back_first(office: Office) -> None:
    organization = await organization_with_calls(office, funds_micros=1_500_000)
    assert await balance(office, organization) == (200_000, 0)

    up = await corrected(office, organization, await new_deck(office, *DEARER))
    assert (up.charged_micros, up.owed_micros) == (1_300_000, 1_100_000)
    assert await balance(office, organization) == (0, 1_100_000)
    assert await books_agree(office)

    down = await corrected(office, organization, await new_deck(office, *STANDARD))
    # The first call gives back 0.20 in funds and 0.45 of the debt. Those funds repay as much of it at once.
    assert (down.given_back_micros, down.debt_forgiven_micros, down.owed_micros) == (1_300_000, 900_000, 0)
    assert await balance(office, organization) == (200_000, 0)
    assert await books_agree(office)


async def test_the_same_correction_again_does_nothing(office: Office) -> None:
    organization = await organization_with_calls(office)
    deck, name = await new_deck(office, *DEARER), new_id()
    await corrected(office, organization, deck, name)
    before = await everything(office)

    again = await corrected(office, organization, deck, name)

    assert (again.corrected, again.unchanged) == (0, 4)
    assert await everything(office) == before


class StoppedError(Exception):
    """Somebody pulled the plug."""


async def test_a_correction_that_stopped_goes_on_where_it_did(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(period_rating, "CALLS_AT_ONCE", 10)
    monkeypatch.setattr(rerating, "COMMANDS_AT_ONCE", 4)
    organization = await office.calling_organization(funds_micros=100_000_000)
    await imported(office, organization, file_of(*(line(f"r-{number}") for number in range(30))))
    deck, name = await new_deck(office, *DEARER), new_id()

    def stop(done: int, _total: int) -> None:
        if done >= 20:
            raise StoppedError

    with pytest.raises(StoppedError):
        await corrected(office, organization, deck, name, progress=stop)
    rest = await corrected(office, organization, deck, name)

    assert (rest.corrected, rest.unchanged) == (10, 20)
    assert await balance(office, organization) == (100_000_000 - 30 * 1_250_000, 0)
    assert await books_agree(office)


async def test_calls_of_another_organization_stay_as_they_are(office: Office) -> None:
    stranger = await organization_with_calls(office)
    organization = await office.calling_organization(name="Other")
    await imported(office, organization, file_of(line("uk-1")))

    done = await corrected(office, organization, await new_deck(office, *DEARER))

    assert done.calls == 1
    assert await charges(office, stranger, "uk-1") == [600_000]


def refusals(deck: str, draft: str, foreign: str) -> Iterable[tuple[str, RefusalCode]]:
    yield new_id(), RefusalCode.UNKNOWN_RATE_DECK
    yield "nonsense", RefusalCode.INVALID_INPUT
    yield foreign, RefusalCode.CURRENCY_MISMATCH
    yield draft, RefusalCode.RATE_DECK_NOT_PUBLISHED
    assert deck not in (draft, foreign)


async def test_what_cannot_price_a_period_is_refused(office: Office) -> None:
    organization = await organization_with_calls(office)
    deck = await new_deck(office, *DEARER)
    foreign = (await office.deck("RON")).rate_deck_id
    draft = await new_deck(office, *CHEAPER)
    await office.services.pool.execute(
        "update rate_decks set state = 'draft', published_at = null where rate_deck_id = $1", draft
    )
    for rate_deck_id, code in refusals(deck, draft, foreign):
        refused = await correct_calls(
            office.services,
            organization_id=organization,
            correction_id=new_id(),
            period=NOVEMBER,
            rate_deck_id=rate_deck_id,
        )
        assert isinstance(refused, Refused)
        assert refused.code is code
    assert (await simulated(office, organization, draft)).difference_micros == -600_000
