"""A deck takes another's place at its instant for everybody who is on it, and gives it back when it is rolled back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest

from commcredits.core.access import SYSTEM
from commcredits.core.commands import AssignRateDeck, Command
from commcredits.core.outcomes import Done, Outcome, RefusalCode, Refused
from commcredits.operations import rate_deck_life
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.rate_deck_life import (
    OnDeck,
    RateDeckMoved,
    discard_draft,
    move_on_publishing,
    move_on_rolling_back,
    publish_draft,
)
from commcredits.operations.services import Services
from commcredits.operations.tariffs import RateDeckInfo
from commcredits.operations.verify import verify_books
from commcredits.storage.decks import RateDeckState
from tests.operations.deck_lives import (
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
from tests.operations.office import DECK, NOON, Office


async def test_a_publication_at_once_moves_everybody_on_the_deck_that_it_replaces(office: Office) -> None:
    old, other = await office.deck(), await office.deck(content=DECK.replace(b"0.60", b"0.06"))
    on_it = [await on_deck(office, old, f"On it {number}") for number in range(3)]
    elsewhere = await on_deck(office, other, "Elsewhere")

    answer = moved(await publish(office, await draft(office), replaces=old))

    assert (answer.organizations, answer.left) == (3, ())
    assert answer.deck.replaces_rate_deck_id == old.rate_deck_id
    assert [await minute_price(office, each) for each in on_it] == [6_000_000] * 3
    assert await minute_price(office, elsewhere) == 60_000


async def test_a_publication_at_an_instant_prices_the_calls_that_begin_from_then_on(office: Office) -> None:
    old = await office.deck()
    organization_id = await on_deck(office, old)
    answer = moved(await publish(office, await draft(office), replaces=old, at=TOMORROW))
    assert (answer.organizations, answer.deck.in_force_at) == (1, TOMORROW)

    office.clock.now = TOMORROW - timedelta(microseconds=1)
    assert await minute_price(office, organization_id) == 600_000
    office.clock.now = TOMORROW
    assert await minute_price(office, organization_id) == 6_000_000


async def test_a_call_that_runs_at_that_instant_keeps_its_rate(office: Office) -> None:
    old = await office.deck()
    organization_id = await on_deck(office, old)
    await publish(office, await draft(office), replaces=old, at=NOON + timedelta(seconds=30))
    await office.authorise(organization_id, "running")
    office.clock.advance(seconds=60)
    assert (await office.end(organization_id, "running", 60)).charged_micros == 600_000


async def test_a_deck_published_for_an_instant_is_not_assigned_for_an_earlier_one(office: Office) -> None:
    published = moved(await publish(office, await draft(office), at=TOMORROW)).deck
    organization_id = await on_deck(office, await office.deck())
    assert await assign(office, organization_id, published, NOON) == Done(changed=True)
    assert await minute_price(office, organization_id) == 600_000
    office.clock.now = TOMORROW
    assert await minute_price(office, organization_id) == 6_000_000


async def test_a_roll_back_puts_everybody_back(office: Office) -> None:
    old = await office.deck()
    on_it = [await on_deck(office, old, f"On it {number}") for number in range(3)]
    new = moved(await publish(office, await draft(office), replaces=old)).deck
    late = await on_deck(office, new, "Late")

    answer = moved(await roll_back(office, new))

    assert (answer.organizations, answer.left, answer.deck.rolled_back_at) == (4, (), NOON)
    assert [await minute_price(office, each) for each in [*on_it, late]] == [600_000] * 4
    office.clock.advance(hours=1)
    assert moved(await roll_back(office, new)) == answer


async def test_a_roll_back_before_the_instant_takes_the_new_deck_from_those_who_wait_for_it(office: Office) -> None:
    old = await office.deck()
    organization_id = await on_deck(office, old)
    new = moved(await publish(office, await draft(office), replaces=old, at=TOMORROW)).deck

    moved(await roll_back(office, new))

    office.clock.now = TOMORROW
    assert await minute_price(office, organization_id) == 600_000


async def test_a_roll_back_after_the_instant_puts_back_those_whose_turn_came_in_silence(office: Office) -> None:
    old = await office.deck()
    organization_id = await on_deck(office, old)
    new = moved(await publish(office, await draft(office), replaces=old, at=TOMORROW)).deck
    office.clock.now = TOMORROW + timedelta(hours=1)
    moved(await roll_back(office, new))
    assert await minute_price(office, organization_id) == 600_000


async def test_an_organization_with_plans_of_its_own_is_left_and_named(office: Office) -> None:
    old, third = await office.deck(), await office.deck(content=DECK.replace(b"0.60", b"0.06"))
    planning = await on_deck(office, old, "Planning")
    await assign(office, planning, third, TOMORROW)
    follower = await on_deck(office, old, "Follower")

    new = moved(await publish(office, await draft(office), replaces=old))

    assert (new.organizations, new.left) == (1, (planning,))
    assert await minute_price(office, planning) == 600_000
    office.clock.now = TOMORROW
    assert await minute_price(office, planning) == 60_000
    assert await minute_price(office, follower) == 6_000_000


async def test_a_publication_that_was_cut_short_goes_on_when_it_is_repeated(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_deck_life, "ORGANIZATIONS_AT_ONCE", 1)
    old = await office.deck()
    on_it = [await on_deck(office, old, f"On it {number}") for number in range(4)]
    new = await draft(office)
    executed = cut_after(office.services, 2)
    busy = await publish_draft(
        executed, command_id="publish", rate_deck_id=new.rate_deck_id, replaces_rate_deck_id=old.rate_deck_id
    )
    assert code_of(busy) is RefusalCode.BUSY

    told: list[int] = []
    answer = moved(
        await publish_draft(
            office.services,
            command_id="publish",
            rate_deck_id=new.rate_deck_id,
            replaces_rate_deck_id=old.rate_deck_id,
            progress=told.append,
        )
    )
    assert (answer.organizations, told) == (4, [1, 2])
    assert [await minute_price(office, each) for each in on_it] == [6_000_000] * 4


async def test_a_publication_that_was_cut_short_and_rolled_back_does_not_go_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_deck_life, "ORGANIZATIONS_AT_ONCE", 1)
    old = await office.deck()
    on_it = [await on_deck(office, old, f"On it {number}") for number in range(3)]
    new = await draft(office)
    cut = cut_after(office.services, 1)
    await publish_draft(
        cut, command_id="publish", rate_deck_id=new.rate_deck_id, replaces_rate_deck_id=old.rate_deck_id
    )
    await roll_back(office, new)

    answer = moved(await publish(office, new, replaces=old))

    assert (answer.organizations, len(answer.left)) == (0, 3)
    assert [await minute_price(office, each) for each in on_it] == [600_000] * 3


async def test_a_publication_that_is_repeated_moves_nobody_who_came_later(office: Office) -> None:
    old = await office.deck()
    new = await draft(office)
    await publish(office, new, replaces=old)
    later = await on_deck(office, old)
    answer = moved(await publish(office, new, replaces=old))
    assert (answer.organizations, answer.left) == (0, (later,))
    assert await minute_price(office, later) == 600_000


async def test_a_publication_that_arrives_many_times_at_once_is_one(office: Office) -> None:
    old = await office.deck()
    organization_id = await on_deck(office, old)
    new = await draft(office)
    answers = await asyncio.gather(*(publish(office, new, replaces=old) for _ in range(4)))
    # Whoever comes while another moves organizations is told to come again.
    assert all(isinstance(answer, RateDeckMoved) or code_of(answer) is RefusalCode.BUSY for answer in answers)
    assert moved(await publish(office, new, replaces=old)).organizations == 1
    assert await minute_price(office, organization_id) == 6_000_000


async def test_many_decks_can_be_published_at_once(office: Office) -> None:
    old = await office.deck()
    await on_deck(office, old)
    drafts = [await draft(office) for _ in range(12)]
    answers = await asyncio.gather(*(publish(office, each, old, command_id=each.rate_deck_id) for each in drafts))
    assert all(isinstance(answer, RateDeckMoved) for answer in answers)
    # One of them took the organization, and nobody waited for another.
    again = [await publish(office, each, old, command_id=each.rate_deck_id) for each in drafts]
    assert sum(moved(answer).organizations for answer in again) == 1


async def test_the_books_agree_after_a_decks_whole_life(office: Office) -> None:
    old = await office.deck()
    organization_id = await on_deck(office, old)
    new = moved(await publish(office, await draft(office), replaces=old, at=TOMORROW)).deck
    await office.call(organization_id, "before", 61)
    office.clock.now = TOMORROW
    await office.call(organization_id, "after", 61)
    await roll_back(office, new)
    await office.call(organization_id, "back", 61)
    await discard_draft(office.services, rate_deck_id=(await draft(office)).rate_deck_id)
    assert (await verify_books(office.services)).discrepancies == ()
    still = await get_organization(office.services, organization_id=organization_id)
    assert isinstance(still, Organization)
    assert still.rate_deck_id == old.rate_deck_id


OLD, NEW, THIRD = "old", "new", "third"
SOON, LATER = NOON + timedelta(hours=1), NOON + timedelta(hours=2)


def info(at: datetime | None = None) -> RateDeckInfo:
    return RateDeckInfo(
        rate_deck_id=NEW,
        name="New",
        currency="EUR",
        rate_count=1,
        state=RateDeckState.PUBLISHED,
        created_at=NOON,
        published_at=NOON,
        in_force_at=at,
        replaces_rate_deck_id=OLD,
        rolled_back_at=None,
    )


@pytest.mark.parametrize(
    ("current", "following", "published_for", "goes"),
    [
        (OLD, None, None, (NEW, None)),
        (OLD, None, LATER, (NEW, LATER)),
        (OLD, NEW, LATER, (NEW, LATER)),
        (OLD, THIRD, None, None),
        (OLD, THIRD, LATER, None),
        # Nobody gets the new deck before its instant, nor later than the one that they had laid ready.
        (THIRD, OLD, None, (NEW, SOON)),
        (THIRD, OLD, SOON, (NEW, SOON)),
        (THIRD, OLD, LATER, None),
        (None, OLD, None, (NEW, SOON)),
    ],
)
def test_where_an_organization_goes_when_a_deck_takes_the_place_of_another(
    current: str | None, following: str | None, published_for: datetime | None, goes: tuple[str, datetime | None] | None
) -> None:
    on = OnDeck(organization_id="x", current_id=current, next_id=following, next_at=None if following is None else SOON)
    move = move_on_publishing(on, info(published_for))
    assert (None if move is None else (move.rate_deck_id, move.at)) == goes


@pytest.mark.parametrize(
    ("current", "following", "goes"),
    [
        (NEW, None, (OLD, None)),
        (NEW, NEW, (OLD, None)),
        (NEW, OLD, (OLD, None)),
        (OLD, NEW, (OLD, None)),
        (THIRD, NEW, (OLD, SOON)),
        (None, NEW, (OLD, SOON)),
        (NEW, THIRD, None),
    ],
)
def test_where_an_organization_goes_when_a_deck_is_rolled_back(
    current: str | None, following: str | None, goes: tuple[str, datetime | None] | None
) -> None:
    on = OnDeck(organization_id="x", current_id=current, next_id=following, next_at=None if following is None else SOON)
    move = move_on_rolling_back(on, info())
    assert (None if move is None else (move.rate_deck_id, move.at)) == goes


def cut_after(services: Services, count: int) -> Services:
    """The same services, whose executor is busy after so many assignments."""
    left = count
    execute: Callable[[Command], Awaitable[Outcome]] = services.executor.execute

    class Cut:
        async def execute(self, command: Command) -> Outcome:
            nonlocal left
            assert isinstance(command, AssignRateDeck)
            left -= 1
            return await execute(command) if left >= 0 else Refused(code=RefusalCode.BUSY)

    return Services(
        actor=SYSTEM,
        pool=services.pool,
        shard_id=services.shard_id,
        executor=Cut(),
        gateways=services.gateways,
        clock=services.clock,
        new_id=services.new_id,
        funding=services.funding,
    )
