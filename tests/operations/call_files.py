"""Files of call records to import, and the shortest way to do it.

Knows the columns of our own form. Refuses to know what is tested.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from commcredits.core.outcomes import Done, Refused
from commcredits.operations.call_mappings import CallMapping, read_mapping, shipped_mapping
from commcredits.operations.csv_lines import LineError
from commcredits.operations.recorded_calls import CallImport, CallSource, import_calls
from commcredits.operations.reports import Balance, CallRecord, get_call, read_balance
from commcredits.operations.tariffs import assign_rate_deck
from tests.operations.office import CALLEE, CALLER, HEADER, Office, new_id

COLUMNS = ("record_id", "service", "call_type", "caller", "callee", "started_at", "duration_seconds", "user")
OWN = shipped_mapping("commcredits")
STARTED = "2026-11-20T09:00:00Z"
NOWHERE = "+99912345678"
"""A number that no deck here has a rate for."""


def line(record_id: str, **fields: str) -> str:
    """A line of our own form: a minute to London, two days ago, unless said otherwise."""
    content = {
        "record_id": record_id,
        "service": "outbound",
        "caller": CALLER,
        "callee": CALLEE,
        "started_at": STARTED,
        "duration_seconds": "60",
        **fields,
    }
    return ",".join(content.get(column, "") for column in COLUMNS)


def file_of(*lines: str, header: str = ",".join(COLUMNS)) -> bytes:
    """A file with these lines below its header."""
    return "\n".join((header, *lines, "")).encode()


def zip_of(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def mapping_of(document: bytes) -> CallMapping:
    """The mapping in a document that must be right."""
    mapping = read_mapping(document)
    assert isinstance(mapping, CallMapping), mapping
    return mapping


async def try_to_import(
    office: Office, organization_id: str, source: bytes | CallSource, mapping: CallMapping = OWN, **options: Any
) -> CallImport | Refused:
    """What importing this gets."""
    return await import_calls(
        office.services,
        organization_id=organization_id,
        source=[source] if isinstance(source, bytes) else source,
        mapping=mapping,
        **options,
    )


async def imported(
    office: Office,
    organization_id: str,
    source: bytes | CallSource,
    mapping: CallMapping = OWN,
    reject: Callable[[LineError], None] | None = None,
    **options: Any,
) -> CallImport:
    """The report of an import that is not refused."""
    report = await try_to_import(office, organization_id, source, mapping, reject=reject, **options)
    assert isinstance(report, CallImport), report
    return report


async def new_deck(office: Office, *rates: str, header: str = HEADER) -> str:
    """The id of a new deck with these lines."""
    return (await office.deck(content="\n".join((header, *rates, "")).encode())).rate_deck_id


async def priced_by(office: Office, organization_id: str, *rates: str) -> str:
    """The id of a new deck with these lines, which prices an organization's calls from now on."""
    deck = await new_deck(office, *rates)
    done = await assign_rate_deck(
        office.services, organization_id=organization_id, command_id=new_id(), rate_deck_id=deck
    )
    assert isinstance(done, Done), done
    return deck


async def call(office: Office, organization: str, record_id: str) -> CallRecord:
    """A call of the organization that must be there."""
    found = await get_call(office.services, organization_id=organization, session_id=record_id)
    assert isinstance(found, CallRecord), found
    return found


async def balance(office: Office, organization: str) -> tuple[int, int]:
    """What is available, and what is owed."""
    found = await read_balance(office.services, organization_id=organization)
    assert isinstance(found, Balance), found
    return found.available_micros, found.owed_micros
