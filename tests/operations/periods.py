"""Periods of calls to rate anew, and the shortest way to do it.

Knows an organization with one call of each kind, and decks in which they cost other amounts. Refuses to know what is
tested.
"""

from datetime import UTC, datetime
from typing import Any

from commcredits.core.commands import Service
from commcredits.operations.period_rating import Period
from commcredits.operations.rerating import Correction, Simulation, correct_calls, simulate
from commcredits.operations.verify import verify_books
from tests.operations.call_files import NOWHERE, call, file_of, imported, line, priced_by
from tests.operations.office import Office, new_id

NOVEMBER = Period(begins_at=datetime(2026, 11, 1, tzinfo=UTC), ends_at=datetime(2026, 12, 1, tzinfo=UTC))
ROMANIAN = "+40212345678"
STANDARD = ("44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,", "40,Romania,outbound,0.10,0,60,60,2020-01-01,")
DEARER = ("44,Britain,outbound,1.20,0.05,1,1,2020-01-01,", "40,Romania,outbound,0.10,0,60,60,2020-01-01,")
CHEAPER = ("44,United Kingdom,outbound,0.30,0,1,1,2020-01-01,", "40,Romania,outbound,0.10,0,60,60,2020-01-01,")
LONDON_ONLY = ("44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,",)


async def organization_with_calls(office: Office, *, funds_micros: int = 100_000_000) -> str:
    """Two minutes to London, one to Bucharest, one to nowhere; a call that runs, one that was refused, one for help."""
    organization = await office.calling_organization(funds_micros=funds_micros)
    await priced_by(office, organization, *STANDARD)
    lines = [line("uk-1"), line("uk-2"), line("ro-1", callee=ROMANIAN), line("free-1", callee=NOWHERE)]
    await imported(office, organization, file_of(*lines))
    if funds_micros > 50_000_000:
        await office.authorise(organization, "running", answered=True)
    await office.authorise(organization, "refused", callee=NOWHERE)
    await office.authorise(organization, "help", service=Service.EMERGENCY, callee="112", answered=True)
    await office.end(organization, "help", 60)
    return organization


async def simulated(office: Office, organization: str, deck: str, period: Period = NOVEMBER) -> Simulation:
    """What the period would have cost by that deck."""
    found = await simulate(office.services, organization_id=organization, period=period, rate_deck_id=deck)
    assert isinstance(found, Simulation), found
    return found


async def corrected(
    office: Office, organization: str, deck: str, correction_id: str | None = None, **options: Any
) -> Correction:
    """The period charged by that deck."""
    found = await correct_calls(
        office.services,
        organization_id=organization,
        correction_id=correction_id or new_id(),
        period=NOVEMBER,
        rate_deck_id=deck,
        **options,
    )
    assert isinstance(found, Correction), found
    return found


async def charges(office: Office, organization: str, *record_ids: str) -> list[int]:
    """What these calls were charged."""
    return [(await call(office, organization, each)).charged_micros for each in record_ids]


async def books_agree(office: Office) -> bool:
    """Whether verification finds nothing; it fails here where it does."""
    found = (await verify_books(office.services)).discrepancies
    assert found == ()
    return True


async def everything(office: Office) -> list[str]:
    """All that money rests on, to be compared."""
    tables = ("journal", "call_sessions", "accounts", "meters")
    found = []
    for table in tables:
        rows = await office.services.pool.fetch(f"select to_jsonb(t)::text as row from {table} t order by 1")  # noqa: S608 - the names stand above
        found += [row["row"] for row in rows]
    return found
