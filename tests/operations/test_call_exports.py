"""An export is one archive of exactly 25 columns, whose sums are the ledger's, and which nobody else can fetch."""

import csv
import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from commcredits.core.commands import CallType, RecordCall, Service
from commcredits.core.outcomes import Done, Recorded, RefusalCode, Refused
from commcredits.core.roster import Licence
from commcredits.operations.call_exports import (
    OPEN_EXPORTS_MAX,
    TRIES_MAX,
    CallExport,
    ExportState,
    export_usage,
    fetch_export,
    get_export,
    list_exports,
    remove_export,
    remove_old_exports,
    request_export,
    write_exports,
)
from commcredits.operations.sending import send_all
from commcredits.operations.tariffs import assign_rate_deck
from commcredits.operations.usage import UsageQuery
from tests.operations.office import HEADER, NOON, Office, new_id
from tests.operations.policed import BRITISH, CREDITS, ROMANIAN, open_firm
from tests.operations.test_usage import DAY, ELSEWHERE, record

COLUMNS = (
    "UsageId,Call ID,Conference ID,User Location,ObjectId,UPN,User Display Name,Caller ID,Call Type,Call Direction,"
    "Number Type,Domestic/International,Destination Dialed,Destination Number,External Country,Start Time,End Time,"
    "Duration Seconds,Connection Fee,Charge,Currency,Capability,Operator,Source of Call Duration,Administrative Units"
)
REVENUE_OF_CALLS = """
    select coalesce(sum(case when target like 'revenue%' then amount_micros else -amount_micros end), 0)::bigint
    from journal
    where organization_id = $1 and session_id is not null and (target like 'revenue%' or source like 'revenue%')
"""


class Archive:
    """An archive as whoever unpacks it reads it."""

    def __init__(self, content: bytes) -> None:
        self.zip = zipfile.ZipFile(io.BytesIO(content))
        assert self.zip.testzip() is None
        self.names = self.zip.namelist()
        self.text = self.zip.read(self.names[0]).decode()
        self.rows = list(csv.DictReader(io.StringIO(self.text, newline="")))
        self.parameters = json.loads(self.zip.read("parameters.json"))

    @property
    def charged_micros(self) -> int:
        """Charges and connection fees together."""
        return int(sum(Decimal(row["Charge"]) + Decimal(row["Connection Fee"]) for row in self.rows) * 1_000_000)


async def exported(office: Office, organization_id: str, query: UsageQuery = DAY) -> Archive:
    pieces = await export_usage(office.services, organization_id=organization_id, query=query)
    assert not isinstance(pieces, Refused), pieces
    return Archive(b"".join([piece async for piece in pieces]))


async def requested(office: Office, organization_id: str, query: UsageQuery = DAY) -> CallExport:
    export = await request_export(office.services, organization_id=organization_id, query=query)
    assert isinstance(export, CallExport), export
    return export


async def known(office: Office, organization_id: str, export_id: str) -> CallExport:
    export = await get_export(office.services, organization_id=organization_id, export_id=export_id)
    assert isinstance(export, CallExport), export
    return export


async def test_the_archive_has_the_25_columns_of_the_document_and_says_what_was_asked_for(office: Office) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales", Licence.DOMESTIC_120_UNPOOLED, CREDITS, department="Sales", display_name="Ana Pop")
    await record(office, firm.organization_id, 119 * 60, callee=ROMANIAN, user=user.party.party_id)
    call_id = await record(office, firm.organization_id, 150, callee=ROMANIAN, user=user.party.party_id)
    archive = await exported(office, firm.organization_id)
    assert archive.names == ["PSTN.calls.2026-11-22.csv", "parameters.json"]
    assert archive.text.partition("\r\n")[0] == COLUMNS
    assert archive.text.count("\r\n") == 4
    row = archive.rows[2]
    assert {name: value for name, value in row.items() if name != "UsageId"} == {
        "Call ID": call_id,
        "Conference ID": "",
        "User Location": "RO",
        "ObjectId": user.party.party_id,
        "UPN": user.party.user_principal_name,
        "User Display Name": "Ana Pop",
        "Caller ID": "+40211230001",
        "Call Type": "user_out",
        "Call Direction": "Outbound",
        "Number Type": "Subscriber",
        "Domestic/International": "Domestic",
        "Destination Dialed": "Romania",
        "Destination Number": ROMANIAN,
        "External Country": "RO",
        "Start Time": "2026-11-22T11:58:30Z",
        "End Time": "2026-11-22T12:00:00Z",
        "Duration Seconds": "90",
        "Connection Fee": "0.000000",
        "Charge": "0.120000",
        "Currency": "EUR",
        "Capability": "MCOPSTNPP",
        "Operator": "",
        "Source of Call Duration": "operator",
        "Administrative Units": "Sales",
    }
    told = archive.parameters
    assert (told["fromDateTime"], told["toDateTime"]) == ("2026-11-21T12:00:00Z", "2026-11-23T12:00:00Z")
    assert told["capabilities"] == ["MCOPSTN8", "MCOPSTNPP"]
    assert (told["rows"], told["calls"], told["charge"]) == (3, 2, "0.120000")


async def test_nothing_in_a_cell_runs_in_a_spreadsheet_and_numbers_stay_numbers(office: Office) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales", display_name="=HYPERLINK(1)", department="@SUM(A1)")
    await record(office, firm.organization_id, 60, record_id="-1+cmd", user=user.party.party_id)
    (row,) = (await exported(office, firm.organization_id)).rows
    assert row["User Display Name"] == "'=HYPERLINK(1)"
    assert row["Administrative Units"] == "'@SUM(A1)"
    assert row["Call ID"] == "'-1+cmd"
    assert row["Destination Number"] == BRITISH


@pytest.mark.parametrize("count", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
async def test_the_sums_of_all_kinds_of_calls_are_the_ledgers(office: Office, count: int) -> None:
    """Split calls, free ones, fees and debts: what the file says is what the journal earned with these calls."""
    content = f"""{HEADER}
40,Romania,outbound,0.06,0.05,60,60,2020-01-01,
44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,
44,United Kingdom,conference_dial_out,0.30,0.1,1,1,2020-01-01,
""".encode()
    firm = await open_firm(office, funds_micros=count * 20_000)
    deck = await office.deck(content=content)
    await assign_rate_deck(
        office.services, organization_id=firm.organization_id, command_id=new_id(), rate_deck_id=deck.rate_deck_id
    )
    users = [(await firm.hire(f"u{each}", Licence.DOMESTIC_120, CREDITS)).party.party_id for each in range(3)]
    organizer = (await firm.hire("organizer", Licence.AUDIO_CONFERENCING, CREDITS)).party.party_id
    kinds = ((CallType.USER_OUT, ROMANIAN), (CallType.USER_OUT, BRITISH), (CallType.USER_OUT, "+99912345678"))
    commands = []
    for number in range(count):
        conference = number % 4 == 0
        call_type, callee = (CallType.CONF_OUT, BRITISH) if conference else kinds[number % 3]
        seconds = 1 + number * 37 % 400
        commands.append(
            RecordCall(
                organization_id=firm.organization_id,
                record_id=f"call-{number}",
                service=Service.CONFERENCE_DIAL_OUT if conference else Service.OUTBOUND,
                call_type=call_type,
                caller="+40211230001",
                callee=callee,
                user=organizer if conference else users[number % 3],
                started_at=NOON - timedelta(seconds=seconds + number),
                duration_seconds=seconds,
            )
        )
    for begin in range(0, count, 1_000):
        outcomes = await send_all(office.services, commands[begin : begin + 1_000])
        assert all(isinstance(outcome, Recorded) for outcome in outcomes)
    archive = await exported(office, firm.organization_id)
    earned = await office.services.pool.fetchval(REVENUE_OF_CALLS, firm.organization_id)
    assert archive.charged_micros == earned > 0
    assert len({row["UsageId"] for row in archive.rows}) == len(archive.rows) > count
    assert {row["Call ID"] for row in archive.rows} == {f"call-{number}" for number in range(count)}
    assert archive.parameters["calls"] == count
    assert {"FREECALL", "MCOPSTN5", "MCOPSTNPP", "MCOMEETADD"} == {row["Capability"] for row in archive.rows}


async def test_the_worker_writes_what_was_asked_for_and_it_is_the_same_archive(office: Office) -> None:
    organization_id = await office.calling_organization()
    for number in range(3):
        await office.call(organization_id, f"call-{number}", 10)
    export = await requested(office, organization_id)
    assert (export.state, export.percent) == (ExportState.WAITING, 0)
    assert await write_exports(office.services) == 1
    export = await known(office, organization_id, export.export_id)
    assert (export.state, export.percent, export.calls_written) == (ExportState.READY, 100, 3)
    assert export.expires_at == NOON + timedelta(days=7)
    fetched = await fetch_export(office.services, organization_id=organization_id, export_id=export.export_id)
    assert not isinstance(fetched, Refused)
    content = b"".join([piece async for piece in fetched[1]])
    assert len(content) == export.bytes_written
    assert Archive(content).rows == (await exported(office, organization_id)).rows
    assert await write_exports(office.services) == 0


async def test_an_export_is_gone_after_its_days_and_when_somebody_removes_it(office: Office) -> None:
    organization_id = await office.calling_organization()
    first, second = [await requested(office, organization_id) for _ in range(2)]
    await write_exports(office.services)
    removed = await remove_export(office.services, organization_id=organization_id, export_id=first.export_id)
    assert isinstance(removed, Done)
    office.clock.advance(days=7)
    for export in (first, second):
        refused = await fetch_export(office.services, organization_id=organization_id, export_id=export.export_id)
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.UNKNOWN_EXPORT
    assert await remove_old_exports(office.services) == 1
    assert await office.services.pool.fetchval("select count(*) from call_export_pieces") == 0
    listed = await list_exports(office.services, organization_id=organization_id)
    assert isinstance(listed, tuple)
    assert {export.state for export in listed} == {ExportState.REMOVED}
    office.clock.advance(days=91)
    await remove_old_exports(office.services)
    assert await list_exports(office.services, organization_id=organization_id) == ()


async def test_what_a_dead_writer_left_is_begun_anew_and_given_up_in_the_end(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.call(organization_id, "call", 10)
    export = await requested(office, organization_id)
    half_written = """
        with left_over as (
            insert into call_export_pieces select 0, organization_id, export_id, 0, 'half' from call_exports
        )
        update call_exports set state = 'writing', alive_at = $1, attempts = $2
    """
    await office.services.pool.execute(half_written, office.clock.now, 1)
    office.clock.advance(seconds=100)
    assert await write_exports(office.services) == 0, "its writer may be alive"
    office.clock.advance(seconds=60)
    assert await write_exports(office.services) == 1
    fetched = await fetch_export(office.services, organization_id=organization_id, export_id=export.export_id)
    assert not isinstance(fetched, Refused)
    assert Archive(b"".join([piece async for piece in fetched[1]])).parameters["calls"] == 1
    await office.services.pool.execute("update call_exports set state = 'writing', attempts = $1", TRIES_MAX)
    office.clock.advance(seconds=200)
    assert await write_exports(office.services) == 0
    assert (await known(office, organization_id, export.export_id)).state is ExportState.FAILED


async def test_only_so_many_exports_of_an_organization_wait_and_others_are_not_kept_waiting(office: Office) -> None:
    organization_id, other_id = await office.calling_organization(), await office.calling_organization()
    for _ in range(OPEN_EXPORTS_MAX):
        await requested(office, organization_id)
    refused = await request_export(office.services, organization_id=organization_id, query=DAY)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.BUSY
    await requested(office, other_id)
    assert await write_exports(office.services) == OPEN_EXPORTS_MAX + 1


async def test_nobody_fetches_or_removes_the_export_of_another_organization(office: Office) -> None:
    ours, theirs = await office.calling_organization(), await office.calling_organization()
    export = await requested(office, theirs)
    await write_exports(office.services)
    for asked in (fetch_export, remove_export, get_export):
        for export_id in (export.export_id, ELSEWHERE):
            refused = await asked(office.services, organization_id=ours, export_id=export_id)
            assert isinstance(refused, Refused)
            assert refused.code is RefusalCode.UNKNOWN_EXPORT
    assert (await known(office, theirs, export.export_id)).state is ExportState.READY


async def test_a_masked_number_is_masked_in_the_file_too(office: Office) -> None:
    organization_id = await office.calling_organization(country="FR")
    await office.call(organization_id, "call", 10, callee="+442079461234")
    (row,) = (await exported(office, organization_id)).rows
    assert row["Destination Number"] == "+44207946****"
    wide = replace(DAY, begins=NOON - timedelta(days=400), ends=NOON)
    refused = await export_usage(office.services, organization_id=organization_id, query=wide)
    assert isinstance(refused, Refused)
