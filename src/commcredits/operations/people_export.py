"""Users and resource accounts as a file that the import reads again, licences and numbers included.

Knows the columns (commcredits.operations.people_csv) and pages of people. Refuses to hold the whole file, and to hand a
spreadsheet anything that it would run as a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.organizations import get_organization
from commcredits.operations.paging import LIMIT_MAX
from commcredits.operations.people import PartyInfo
from commcredits.operations.people_csv import USER_COLUMNS, guarded
from commcredits.operations.people_lists import PeopleFilter, find_people
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services

BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it spreadsheets take UTF-8 for something else; the import reads over it."""


@reads(Permission.USERS_READ)
async def export_people(
    services: Services, *, organization_id: str, narrowed: PeopleFilter
) -> AsyncIterator[bytes] | Refused:
    """A CSV file (RFC 4180) of everybody who meets a filter, in order of display name, piece by piece.

    People who change while it is written stand in it once, as they were when their page was read.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = narrowed.refusal()
    return refused or _pieces(services, organization_id, narrowed)


async def _pieces(services: Services, organization_id: str, narrowed: PeopleFilter) -> AsyncIterator[bytes]:
    yield (BYTE_ORDER_MARK + _text([tuple(USER_COLUMNS)])).encode()
    cursor: str | None = None
    while True:
        page = await find_people(
            services, organization_id=organization_id, narrowed=narrowed, cursor=cursor, limit=LIMIT_MAX
        )
        # The first page was asked for with the same words, so only an organization that went meanwhile ends here.
        if isinstance(page, Refused):
            return
        yield _text([_row(info) for info in page.items]).encode()
        cursor = page.next_cursor
        if cursor is None:
            return


def _row(info: PartyInfo) -> tuple[str, ...]:
    party = info.party
    return (
        guarded(party.user_principal_name),
        party.party_id,
        guarded(party.display_name),
        party.usage_location,
        guarded(party.department),
        ";".join(sorted(party.licences)),
        party.kind.value,
        # Digits after a plus sign are a number to a spreadsheet, and nothing that it runs.
        ";".join(info.numbers),
    )


def _text(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
