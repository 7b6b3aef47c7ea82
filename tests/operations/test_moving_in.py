"""Opening balances come with their own dates, each once, after a dry run that says what would become of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commcredits.core.funds import LOTS_MAX, LotSource
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.moving_in import LotImport, import_lots
from commcredits.operations.reports import LotRecord, list_lots
from commcredits.operations.verify import verify_books
from tests.operations.call_files import balance
from tests.operations.call_files import file_of as call_file_of
from tests.operations.call_files import imported as import_calls
from tests.operations.call_files import line as call_line
from tests.operations.office import NOON, Office

HEADER = "amount,purchased_at,expires_at,promotional,reference"
PURCHASE = "50.00,2026-03-01,,,inv-1"
GIFT = "5,2026-10-01T12:00:00Z,2027-01-01,true,gift-7"


def file_of(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *lines, "")).encode()


async def imported(office: Office, organization: str, file: bytes, **options: Any) -> LotImport:
    report = await import_lots(office.services, organization_id=organization, source=[file], **options)
    assert isinstance(report, LotImport), report
    return report


async def lots(office: Office, organization: str) -> tuple[LotRecord, ...]:
    found = await list_lots(office.services, organization_id=organization)
    assert not isinstance(found, Refused)
    return found


async def new_organization(office: Office) -> str:
    return (await office.organization()).organization_id


async def test_opening_balances_keep_their_dates_and_expiries(office: Office) -> None:
    organization = await new_organization(office)

    report = await imported(office, organization, file_of(PURCHASE, GIFT))

    assert (report.added, report.known, report.error_count, report.written) == (2, 0, 0, True)
    assert (report.amount_micros, report.promotional_micros, report.currency) == (55_000_000, 5_000_000, "EUR")
    gift, bought = await lots(office, organization)
    assert (gift.source, gift.expires_at) == (LotSource.PROMOTION, datetime(2027, 1, 1, tzinfo=UTC))
    assert (bought.source, bought.amount_micros) == (LotSource.OPENING_BALANCE, 50_000_000)
    assert (bought.purchased_at, bought.expires_at) == (
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2027, 3, 1, tzinfo=UTC),
    )
    rows = await office.services.pool.fetch("select distinct source, target, reason from journal")
    assert [tuple(row) for row in rows] == [("adjustments", "customer_credits", "opening_balance")]
    assert (await verify_books(office.services)).discrepancies == ()


async def test_a_dry_run_says_the_same_and_adds_nothing(office: Office) -> None:
    organization = await new_organization(office)

    dry = await imported(office, organization, file_of(PURCHASE, GIFT), dry_run=True)

    assert (dry.added, dry.amount_micros, dry.written) == (2, 55_000_000, False)
    assert await lots(office, organization) == ()
    assert (await imported(office, organization, file_of(PURCHASE, GIFT))).added == 2


async def test_the_same_file_again_adds_nothing(office: Office) -> None:
    organization = await new_organization(office)
    file = file_of(PURCHASE, "10,2026-05-01,,,", "10,2026-05-01,,,", "10,2026-05-01,2027-04-01,,")
    first = await imported(office, organization, file)
    assert (first.added, len(await lots(office, organization))) == (4, 4)

    again = await imported(office, organization, file)
    more = await imported(office, organization, file_of(*["10,2026-05-01,,,"] * 3))

    assert (again.added, again.known, again.written) == (0, 4, False)
    # Two of three equal lines came before.
    assert (more.added, more.known) == (1, 2)


async def test_a_reference_names_one_lot_for_ever(office: Office) -> None:
    organization = await new_organization(office)
    await imported(office, organization, file_of(PURCHASE))

    changed = await imported(office, organization, file_of("60.00,2026-03-01,,,inv-1", "1,2026-03-01,,,inv-2"))

    assert (changed.error_count, changed.written) == (1, False)
    (error,) = changed.errors
    assert (error.line, error.column, error.code) == (2, "reference", RefusalCode.CONFLICT)
    assert len(await lots(office, organization)) == 1


async def test_another_organization_has_references_of_its_own(office: Office) -> None:
    one, other = await new_organization(office), await new_organization(office)
    assert (await imported(office, one, file_of(PURCHASE))).added == 1
    assert (await imported(office, other, file_of(PURCHASE))).added == 1


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ("0,2026-03-01,,,", "amount", RefusalCode.INVALID_INPUT),
        ("-5,2026-03-01,,,", "amount", RefusalCode.INVALID_INPUT),
        ("1e3,2026-03-01,,,", "amount", RefusalCode.INVALID_INPUT),
        ("1.0000001,2026-03-01,,,", "amount", RefusalCode.INVALID_INPUT),
        ("9999999999,2026-03-01,,,", "amount", RefusalCode.INVALID_INPUT),
        ("5,,,,", "purchased_at", RefusalCode.INVALID_INPUT),
        ("5,9999-12-31,,,", "purchased_at", RefusalCode.INVALID_INPUT),
        ("5,2026-03-01T00:00:00,,,", "purchased_at", RefusalCode.INVALID_INPUT),
        ("5,2026-03-01,soon,,", "expires_at", RefusalCode.INVALID_INPUT),
        ("5,2026-03-01,,yes,", "promotional", RefusalCode.INVALID_INPUT),
        (f"5,2026-03-01,,,{'x' * 201}", "reference", RefusalCode.INVALID_INPUT),
        # Twelve months are over, or the day is.
        ("5,2025-11-22,,,", "expires_at", RefusalCode.EXPIRY_NOT_ALLOWED),
        ("5,2026-03-01,2026-11-22T12:00:00Z,,", "expires_at", RefusalCode.EXPIRY_NOT_ALLOWED),
        ("5,2026-11-22T12:00:01Z,,,", "expires_at", RefusalCode.EXPIRY_NOT_ALLOWED),
        ("5,2026-03-01,,,inv-1", "reference", RefusalCode.INVALID_INPUT),
    ],
)
async def test_one_wrong_line_and_nothing_is_added(office: Office, line: str, column: str, code: RefusalCode) -> None:
    organization = await new_organization(office)

    report = await imported(office, organization, file_of(PURCHASE, line))

    assert (report.error_count, report.written) == (1, False)
    (error,) = report.errors
    assert (error.line, error.column, error.code) == (3, column, code)
    assert report.refused is not None
    assert await lots(office, organization) == ()


async def test_a_line_that_was_wrong_is_right_once_it_is_time(office: Office) -> None:
    organization = await new_organization(office)
    file = file_of("5,2026-11-23,,,")
    assert (await imported(office, organization, file)).error_count == 1

    office.clock.now = NOON + timedelta(days=1)

    assert (await imported(office, organization, file)).added == 1


async def test_amounts_of_another_currency_are_refused(office: Office) -> None:
    organization = await new_organization(office)
    header = f"{HEADER},currency"
    wrong = await imported(office, organization, file_of(f"{PURCHASE},RON", header=header))
    right = await imported(office, organization, file_of(f"{PURCHASE},EUR", f"{GIFT},", header=header))

    assert wrong.errors[0].code is RefusalCode.CURRENCY_MISMATCH
    assert (right.added, right.error_count) == (2, 0)


async def test_more_lots_than_may_be_kept_are_refused_before_any_is_added(office: Office) -> None:
    organization = await new_organization(office)
    await imported(office, organization, file_of(PURCHASE))

    report = await imported(office, organization, file_of(*["1,2026-03-01,,,"] * LOTS_MAX))

    assert (report.error_count, report.errors[0].code) == (1, RefusalCode.TOO_MANY_LOTS)
    assert len(await lots(office, organization)) == 1


async def test_an_opening_balance_repays_what_is_owed_first(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=100_000)
    await import_calls(office, organization, call_file_of(call_line("r-1")))
    assert await balance(office, organization) == (0, 500_000)

    await imported(office, organization, file_of(PURCHASE))

    assert await balance(office, organization) == (49_500_000, 0)
    assert (await verify_books(office.services)).discrepancies == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"amount\n5\n", b"amount,purchased_at,price\n", file_of(), b"\xff", b'"', file_of("x" * 100_000)],
)
async def test_a_file_that_cannot_be_understood_is_told(office: Office, content: bytes) -> None:
    report = await imported(office, await new_organization(office), content)
    assert report.error_count == 1
    assert not report.written


async def test_a_file_that_is_too_large_and_an_unknown_organization_are_refused(office: Office) -> None:
    organization = await new_organization(office)
    file = [file_of(PURCHASE), b"\n" * 2_000_000]

    large = await import_lots(office.services, organization_id=organization, source=file)
    nobody = await import_lots(office.services, organization_id=office.services.new_id(), source=file)

    assert isinstance(large, Refused)
    assert isinstance(nobody, Refused)
    assert nobody.code is RefusalCode.UNKNOWN_ORGANIZATION
