"""An organization with people in memory: who they are, which licences they have, and the roster that counts them.

Knows how to make a person and a number. Refuses to decide anything.
"""

from collections import Counter

from msgspec.structs import replace

from commcredits.core.commands import Service
from commcredits.core.meters import Meter
from commcredits.core.outcomes import Granted, Outcome, Refused
from commcredits.core.roster import (
    Licence,
    Limits,
    Line,
    NumberKind,
    NumberPurpose,
    Party,
    PartyKind,
    Roster,
)
from tests.core.books import Books, books, rate

SALES = "0192e0c8-0000-7000-8000-0000000000a1"
SUPPORT = "0192e0c8-0000-7000-8000-0000000000a2"
QUEUE = "0192e0c8-0000-7000-8000-0000000000b1"
SALES_NUMBER = "+40211230001"
SUPPORT_NUMBER = "+40211230002"
QUEUE_NUMBER = "+40800123456"
BRIDGE_NUMBER = "+40211230009"
DOMESTIC = "+40316300000"
BRITISH = "+442079460000"
ZIMBABWEAN = "+2634123456"
PREMIUM = "+40906123456"


POOL = ("pool:MCOPSTN5:RO", "2026-11")


def user(
    party_id: str = SALES,
    *licences: Licence,
    location: str = "RO",
    department: str = "",
    name: str = "",
    kind: PartyKind = PartyKind.USER,
) -> Party:
    """A user with these licences."""
    return Party(
        party_id=party_id,
        kind=kind,
        user_principal_name=name or f"{party_id[-2:]}@example.com",
        display_name=name,
        usage_location=location,
        department=department,
        licences=frozenset(licences),
    )


def people(books: Books, *parties: Party, rules: Roster | None = None, limits: Limits | None = None) -> Books:
    """The books of an organization with these people; each has a number of its own, in the order of the list."""
    counted = Counter(f"{licence.value}/{party.usage_location}" for party in parties for licence in party.licences)
    roster = replace(rules or Roster(version=1), assigned=dict(counted))
    if limits is not None:
        roster = replace(roster, limits=limits)
    books.account = replace(books.account, roster=roster)
    numbers = (SALES_NUMBER, SUPPORT_NUMBER, QUEUE_NUMBER)
    for party, number in zip(parties, numbers, strict=False):
        books.parties[party.party_id] = party
        books.parties[party.user_principal_name.lower()] = party
        service = party.kind is PartyKind.RESOURCE_ACCOUNT
        books.lines[number] = Line(
            number=number,
            kind=NumberKind.TOLL_FREE if service else NumberKind.USER,
            purpose=NumberPurpose.CALL_QUEUE if service else NumberPurpose.PERSON,
            party_id=party.party_id,
        )
    books.lines[BRIDGE_NUMBER] = Line(
        number=BRIDGE_NUMBER, kind=NumberKind.TOLL, purpose=NumberPurpose.CONFERENCE_BRIDGE
    )
    return books


def office(
    *licences: Licence,
    balance: str = "10",
    limits: Limits | None = None,
    location: str = "RO",
    department: str = "",
) -> Books:
    """One user with these licences, in an organization with a deck for Romania and Great Britain."""
    opened = books(
        rate(prefix="40", per_minute="0.06", increments=(60, 60)),
        rate(prefix="44", per_minute="0.60"),
        rate(prefix="40800", per_minute="0.10", service=Service.TOLL_FREE_IN),
        rate(prefix="44", per_minute="0.30", service=Service.CONFERENCE_DIAL_OUT),
        balance=balance,
    )
    return people(opened, user(SALES, *licences, location=location, department=department), limits=limits)


def use_up(account: Books, minutes: int, meter_id: tuple[str, str] = POOL) -> None:
    """Leave so many minutes fewer in a pool."""
    account.meters[meter_id] = Meter(key=meter_id[0], period=meter_id[1], used=minutes)


def granted(outcome: Outcome) -> Granted:
    """The grant that was hoped for."""
    assert isinstance(outcome, Granted), outcome
    return outcome


def refused(outcome: Outcome) -> Refused:
    """The refusal that was expected."""
    assert isinstance(outcome, Refused), outcome
    return outcome
