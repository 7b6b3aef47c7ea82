"""What tests of a deck's life begin with: drafts, organizations on a deck, and the commands in short."""

from datetime import datetime, timedelta
from typing import Any

from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.operations.rate_deck_life import RateDeckMoved, publish_draft, roll_back_rate_deck
from commcredits.operations.tariffs import RateDeckInfo, assign_rate_deck, draft_rate_deck
from tests.operations.office import DECK, NOON, Office, new_id

TEN = DECK.replace(b"0.60", b"6.00")
"""Ten times the price."""
TOMORROW = NOON + timedelta(days=1)
TERMS = '{"rounding": {"digits": 2}}'


async def draft(office: Office, content: bytes = TEN, **fields: str) -> RateDeckInfo:
    """A new draft."""
    given: dict[str, Any] = {"command_id": new_id(), "name": "Draft", "currency": "EUR", **fields}
    drafted = await draft_rate_deck(office.services, lines=[content], **given)
    assert isinstance(drafted, RateDeckInfo), drafted
    return drafted


async def on_deck(office: Office, deck: RateDeckInfo, name: str = "Example") -> str:
    """The id of an organization with funds whose calls the deck prices."""
    organization = await office.organization(name)
    await office.grant(organization.organization_id, 50_000_000)
    await assign(office, organization.organization_id, deck)
    return organization.organization_id


async def assign(office: Office, organization_id: str, deck: RateDeckInfo, at: datetime | None = None) -> Outcome:
    """What assigning a deck is answered."""
    return await assign_rate_deck(
        office.services,
        organization_id=organization_id,
        command_id=new_id(),
        rate_deck_id=deck.rate_deck_id,
        in_force_at=at,
    )


async def publish(
    office: Office,
    deck: RateDeckInfo,
    replaces: RateDeckInfo | None = None,
    at: datetime | None = None,
    command_id: str = "publish",
) -> RateDeckMoved | Refused:
    """What publishing a draft is answered."""
    return await publish_draft(
        office.services,
        command_id=command_id,
        rate_deck_id=deck.rate_deck_id,
        in_force_at=at,
        replaces_rate_deck_id=None if replaces is None else replaces.rate_deck_id,
    )


async def roll_back(office: Office, deck: RateDeckInfo, command_id: str = "back") -> RateDeckMoved | Refused:
    """What rolling a deck back is answered."""
    return await roll_back_rate_deck(office.services, command_id=command_id, rate_deck_id=deck.rate_deck_id)


async def minute_price(office: Office, organization_id: str) -> int:
    """What a call of a minute costs the organization now."""
    return (await office.call(organization_id, new_id(), 60)).charged_micros


def code_of(outcome: object) -> RefusalCode:
    """Why something was refused; it must have been."""
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def moved(outcome: object) -> RateDeckMoved:
    """What came of a publication or a roll back; it must have been done."""
    assert isinstance(outcome, RateDeckMoved), outcome
    return outcome
