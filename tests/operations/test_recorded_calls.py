"""Calls that are told after the fact are rated and charged once, whatever becomes of the file that tells them."""

from collections.abc import AsyncIterator

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations import recorded_calls, sending
from commcredits.operations.csv_lines import ERRORS_MAX, LineError
from commcredits.operations.recorded_calls import CallImport
from commcredits.operations.recorded_calls_json import JSON_CALLS_MAX, JsonCalls
from commcredits.operations.reports import list_calls
from commcredits.storage.committer import Committer
from commcredits.storage.connection import load_statement
from tests.operations.call_files import NOWHERE, balance, call, file_of, imported, line, priced_by, try_to_import
from tests.operations.office import SHARD, Office, open_office
from tests.operations.periods import books_agree
from tests.operations.staff import hire


def sums(report: CallImport) -> tuple[int, int, int]:
    """How many records were new, known and rejected."""
    return report.accepted, report.known, report.rejected


async def minutes_used(office: Office, organization: str) -> dict[str, int]:
    """Minutes by the month that they were used in."""
    rows = await office.services.pool.fetch(
        "select period, used from meters where organization_id = $1 and key like 'pool:%' and used > 0", organization
    )
    return {row["period"]: row["used"] for row in rows}


async def test_records_are_rated_and_charged(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)

    report = await imported(office, organization, file_of(line("r-1"), line("r-2", duration_seconds="90")))

    assert sums(report) == (2, 0, 0)
    assert (report.charged_micros, report.owed_micros, report.currency) == (1_500_000, 0, "EUR")
    assert (await call(office, organization, "r-2")).charged_micros == 900_000
    assert await balance(office, organization) == (8_500_000, 0)
    assert await books_agree(office)


async def test_the_same_file_again_charges_nothing(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    file = file_of(line("r-1"), line("r-2", callee=NOWHERE), line("r-3", duration_seconds="0"))
    await imported(office, organization, file)
    before = await office.services.pool.fetch("select * from journal order by transfer_id")

    again = await imported(office, organization, file)

    assert sums(again) == (0, 3, 0)
    assert (again.charged_micros, again.free_calls) == (0, 0)
    assert await office.services.pool.fetch("select * from journal order by transfer_id") == before


async def test_a_record_that_stands_in_a_file_twice_is_one_call(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    other = line("r-1", duration_seconds="61")

    report = await imported(office, organization, file_of(line("r-1"), line("r-1"), other, line("r-2")))

    assert sums(report) == (2, 1, 1)
    (rejected,) = report.rejections
    assert (rejected.line, rejected.column, rejected.value, rejected.code) == (
        4,
        "record_id",
        "r-1",
        RefusalCode.CONFLICT,
    )
    assert (await call(office, organization, "r-1")).duration_seconds == 60


async def test_a_record_never_takes_the_place_of_a_call_that_was_authorised(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    await office.call(organization, "call-1", 60)

    report = await imported(office, organization, file_of(line("call-1")))

    assert sums(report) == (0, 0, 1)
    assert report.rejections[0].code is RefusalCode.CONFLICT
    assert await balance(office, organization) == (9_400_000, 0)


async def test_what_funds_do_not_cover_is_owed_and_the_next_funds_repay_it_first(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=1_000_000)

    report = await imported(office, organization, file_of(line("r-1"), line("r-2"), line("r-3")))

    assert (report.charged_micros, report.owed_micros) == (1_800_000, 800_000)
    assert await balance(office, organization) == (0, 800_000)
    await office.grant(organization, 500_000)
    assert await balance(office, organization) == (0, 300_000)
    await office.grant(organization, 500_000)
    assert await balance(office, organization) == (200_000, 0)
    assert await books_agree(office)


async def test_a_call_without_a_rate_is_charged_nothing_and_listed_for_the_operator(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=1_000_000)
    await office.authorise(organization, "refused", callee=NOWHERE)

    report = await imported(office, organization, file_of(line("r-1"), line("r-2", callee=NOWHERE), line("r-3")))

    assert (report.accepted, report.free_calls, report.charged_micros) == (3, 1, 1_200_000)
    page = await list_calls(office.services, organization_id=organization, cursor=None, limit=10, free=True)
    assert not isinstance(page, Refused)
    assert [(each.session_id, each.cause, each.charged_micros) for each in page.items] == [("r-2", "FREECALL", 0)]
    plan = await office.services.pool.fetch(
        f"explain {load_statement('list_free_calls')}".replace("$5", "10")
        .replace("$1", str(SHARD))
        .replace("$2", f"'{organization}'")
        .replace("$3", "now()")
        .replace("$4", "''")
    )
    assert "call_sessions_without_rate" in str(plan)


async def test_minutes_are_used_in_the_month_of_the_call(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=1_000_000)
    await hire(office.services, organization, "ana@example.com", licences=("MCOPSTN5", "MCOPSTNC"))
    romanian = {"callee": "+40212345678", "user": "ana@example.com"}

    report = await imported(
        office,
        organization,
        file_of(
            line("r-1", started_at="2026-10-31T21:59:59Z", duration_seconds="61", **romanian),
            # In Bucharest November has begun.
            line("r-2", started_at="2026-10-31T22:00:00Z", duration_seconds="60", **romanian),
        ),
    )

    assert (report.accepted, report.pool_minutes, report.charged_micros) == (2, 3, 0)
    assert await minutes_used(office, organization) == {"2026-10": 2, "2026-11": 1}
    assert await books_agree(office)


async def test_a_call_beyond_its_pool_is_split_and_both_parts_are_on_it(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    await priced_by(office, organization, "40,Romania,outbound,0.60,0,1,1,2020-01-01,")
    await hire(office.services, organization, "ana@example.com", licences=("MCOPSTN5", "MCOPSTNC"))

    report = await imported(
        office,
        organization,
        file_of(line("r-1", callee="+40212345678", user="ana@example.com", duration_seconds=str(121 * 60))),
    )

    assert (report.pool_minutes, report.charged_micros) == (120, 600_000)
    assert await books_agree(office)


async def test_every_line_that_is_not_taken_is_told_with_its_column_and_the_others_are_recorded(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    wrong = {
        "record_id": ["", "with blank", "x" * 129, "é"],
        "service": ["outboud", ""],
        "call_type": ["outbound"],
        "caller": ["0722000001", "+40 722 000 00x"],
        "callee": ["", "442079460000", "+1", "+44" + "0" * 15, "112"],
        "started_at": ["", "yesterday", "2026-11-20", "2000-12-31T23:59:59Z", "2026-11-20T09:00:00", "20261120"],
        "duration_seconds": ["", "-1", "1e3", "2592001", "9" * 40, "0x10", "½"],
    }
    lines = [
        line(**{"record_id": f"r-{name}-{number}", name: text})
        for name, texts in wrong.items()
        for number, text in enumerate(texts)
        # A date alone is an instant, and so is its midnight in UTC.
        if text != "2026-11-20"
    ]
    told: list[LineError] = []

    report = await imported(office, organization, file_of(line("first"), *lines, line("last")), reject=told.append)

    assert sums(report) == (2, 0, len(lines))
    assert told == list(report.rejections)
    assert [error.line for error in told] == list(range(3, len(lines) + 3))
    columns = [name for name, texts in wrong.items() for text in texts if text != "2026-11-20"]
    assert [error.column for error in told] == columns
    assert all(error.allowed for error in told)


@pytest.mark.parametrize(
    ("fields", "column", "code"),
    [
        ({"started_at": "2026-11-22T12:00:01Z", "duration_seconds": "0"}, "started_at", RefusalCode.INVALID_INPUT),
        ({"started_at": "2026-11-22T11:59:30Z", "duration_seconds": "31"}, "started_at", RefusalCode.INVALID_INPUT),
        ({"started_at": "9999-12-31T23:59:59Z"}, "started_at", RefusalCode.INVALID_INPUT),
        ({"call_type": "user_out", "user": "nobody@example.com"}, "user", RefusalCode.UNKNOWN_USER),
    ],
)
async def test_what_the_books_refuse_is_told_like_a_line_that_cannot_be_read(
    office: Office, fields: dict[str, str], column: str, code: RefusalCode
) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    if code is RefusalCode.UNKNOWN_USER:
        # Where nobody is known, whomever a record names is nobody, and the organization pays.
        await hire(office.services, organization, "front.desk@example.com")

    report = await imported(office, organization, file_of(line("r-1"), line("r-2", **fields), line("r-3")))

    assert sums(report) == (2, 0, 1)
    (rejected,) = report.rejections
    assert (rejected.line, rejected.column, rejected.code) == (3, column, code)


async def test_another_organizations_user_is_nobody_here(office: Office) -> None:
    stranger = await office.calling_organization(name="Stranger")
    await hire(office.services, stranger, "eve@example.com")
    organization = await office.calling_organization()
    await hire(office.services, organization, "ana@example.com", licences=("MCOPSTNC",))

    file = file_of(line("r-1", user="eve@example.com"), line("r-2", user="ANA@example.com"))
    report = await imported(office, organization, file)

    assert sums(report) == (1, 0, 1)
    assert report.rejections[0].code is RefusalCode.UNKNOWN_USER
    ignored = await imported(office, organization, file_of(line("r-3", user="eve@example.com")), ignore_users=True)
    assert sums(ignored) == (1, 0, 0)


async def test_all_rejections_are_told_one_by_one_and_the_first_are_in_the_report(office: Office) -> None:
    organization = await office.calling_organization()
    told: list[LineError] = []

    report = await imported(
        office, organization, file_of(*(line("") for _ in range(ERRORS_MAX + 50))), reject=told.append
    )

    assert (report.rejected, len(told), len(report.rejections)) == (ERRORS_MAX + 50, ERRORS_MAX + 50, ERRORS_MAX)


class StoppedError(Exception):
    """Somebody pulled the plug."""


async def test_nothing_is_lost_when_an_import_stops_in_the_middle(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded_calls, "COMMANDS_AT_ONCE", 10)
    organization = await office.calling_organization(funds_micros=100_000_000)
    file = file_of(*(line(f"r-{number}") for number in range(100)))

    async def stopping() -> AsyncIterator[bytes]:
        yield file[: len(file) * 2 // 3]
        raise StoppedError

    with pytest.raises(StoppedError):
        await try_to_import(office, organization, stopping())
    halfway = await imported(office, organization, file)

    assert 0 < halfway.accepted < 100
    assert halfway.accepted + halfway.known == 100
    assert await balance(office, organization) == (100_000_000 - 100 * 600_000, 0)
    assert await books_agree(office)


async def test_an_import_that_finds_the_books_busy_stops_and_can_be_repeated(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_BUSY_PAUSE_SECONDS", 0)
    file = file_of(line("r-1"), line("r-2"))
    async with open_office(database_url) as closing:
        organization = await closing.calling_organization(funds_micros=10_000_000)
        assert isinstance(closing.services.executor, Committer)
        await closing.services.executor.close()
        stopped = await imported(closing, organization, file)
    async with open_office(database_url) as office:
        repeated = await imported(office, organization, file)

    assert stopped.refused is not None
    assert (stopped.refused.code, sums(stopped)) == (RefusalCode.BUSY, (0, 0, 0))
    assert sums(repeated) == (2, 0, 0)


async def test_an_import_that_is_stopped_leaves_nothing_running(office: Office) -> None:
    organization = await office.calling_organization()

    def stop(_error: LineError) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        await imported(
            office, organization, file_of(*(line(f"r-{number}") for number in range(600)), line("")), reject=stop
        )


async def test_progress_is_told_until_all_is_done(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_calls, "COMMANDS_AT_ONCE", 10)
    organization = await office.calling_organization(funds_micros=100_000_000)
    told: list[int] = []

    await imported(office, organization, file_of(*(line(f"r-{n}") for n in range(25)), line("")), progress=told.append)

    assert told == sorted(told)
    assert told[-1] == 26


async def test_records_come_as_json_too(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    good = {
        "record_id": "r-1",
        "service": "outbound",
        "caller": "+40722000001",
        "callee": "+442079460000",
        "started_at": "2026-11-20T09:00:00Z",
        "duration_seconds": 60,
    }
    wrong: list[object] = [
        {**good, "duration_seconds": 1.5},
        {**good, "duration_seconds": True},
        {**good, "record_id": 7},
        {**good, "charge": "1.00"},
        {key: value for key, value in good.items() if key != "callee"},
        "r-1",
        None,
    ]

    report = await imported(office, organization, JsonCalls(value=[good, *wrong, {**good, "record_id": "r-2"}]))

    assert sums(report) == (2, 0, 7)
    assert [(error.line, error.column) for error in report.rejections] == [
        (2, "duration_seconds"),
        (3, "duration_seconds"),
        (4, "record_id"),
        (5, "charge"),
        (6, "callee"),
        (7, ""),
        (8, ""),
    ]


@pytest.mark.parametrize("value", [[], {}, "r-1", None, [{}] * (JSON_CALLS_MAX + 1)])
async def test_json_that_is_no_array_of_a_bearable_size_is_refused(office: Office, value: object) -> None:
    organization = await office.calling_organization()
    refused = await try_to_import(office, organization, JsonCalls(value=value))
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "records"


async def test_an_import_needs_an_organization_and_a_zone_that_exist(office: Office) -> None:
    organization = await office.calling_organization()
    nobody = await try_to_import(office, office.services.new_id(), file_of(line("r-1")))
    nowhere = await try_to_import(office, organization, file_of(line("r-1")), time_zone="Europe/Nowhere")

    assert isinstance(nobody, Refused)
    assert nobody.code is RefusalCode.UNKNOWN_ORGANIZATION
    assert isinstance(nowhere, Refused)
    assert nowhere.facts["field"] == "time_zone"


async def test_a_call_is_priced_by_the_rate_in_force_when_it_began(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000)
    await priced_by(
        office,
        organization,
        "44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,2026-11-01",
        "44,United Kingdom,outbound,1.20,0,1,1,2026-11-01,",
    )

    report = await imported(
        office,
        organization,
        file_of(line("r-1", started_at="2026-10-31T23:59:59Z"), line("r-2", started_at="2026-11-01T00:00:00Z")),
    )

    assert report.charged_micros == 600_000 + 1_200_000
