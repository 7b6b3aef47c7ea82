"""What an accountant gets adds up: by our own re-adding, and by two programs that read plain-text journals."""

import csv
import io
import shutil
import subprocess
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from commcredits.core.commands import PaymentState, RecordPayment, RequestTopUp
from commcredits.core.ledger import LedgerAccount
from commcredits.core.outcomes import RefusalCode, Refused, TopUpTaken
from commcredits.core.taxes import TaxRow, TaxTreatment
from commcredits.operations.accounting import ExportForm, Period, export_period
from commcredits.operations.accounting_chart import BANK, chart_of
from commcredits.operations.accounting_files import ENTRY_COLUMNS, JOURNAL_COLUMNS, harmless, plain
from commcredits.operations.accounting_summary import AccountSum, TaxOnUse, sum_accounts, tax_on_use
from commcredits.operations.adjustments import request_adjustment
from commcredits.operations.billing_terms import switch_billing
from commcredits.operations.funding_rules import FundingRules
from commcredits.operations.reports import Balance, read_balance
from commcredits.storage.identifiers import OPERATOR_ID
from tests.operations.books import fill_books
from tests.operations.office import NOON, Office, new_id

UNIT = 1_000_000
EVIL = '=cmd|"/c calc"!A1, [2020-01-01=2030-01-01] date:2001-01-01; :a:b: (x) {1 @ 2}'
EVIL_CALL = "-2+3;date:2001-01-01"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


INSERT_PAYOUT = "insert into gateway_payouts values (0, $1, 'simulator', $2, $3, 'RON', $4, $5, $6)"


def everything(office: Office, **fields: Any) -> Period:
    return replace(Period(begins=LONG_AGO, ends=office.clock.now), **fields)


async def exported(office: Office, form: ExportForm, period: Period | None = None) -> str:
    pieces = await export_period(office.services, period or everything(office), form)
    assert not isinstance(pieces, Refused), pieces
    return b"".join([piece async for piece in pieces]).decode()


async def rows(office: Office, form: ExportForm, period: Period | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(await exported(office, form, period), newline="")))


async def sums(office: Office, period: Period | None = None) -> tuple[AccountSum, ...]:
    found = await sum_accounts(office.services, period or everything(office))
    assert not isinstance(found, Refused)
    return found


async def bought(office: Office, organization_id: str, units: int, *, fee_micros: int = 0) -> None:
    taken = await office.execute(
        RequestTopUp(
            organization_id=organization_id,
            command_id=new_id(),
            amount_micros=units * UNIT,
            payment_method="card",
        )
    )
    assert isinstance(taken, TopUpTaken), taken
    await office.execute(
        RecordPayment(
            organization_id=organization_id,
            top_up_id=taken.top_up_id,
            state=PaymentState.SUCCEEDED,
            gateway="simulator",
            gateway_reference="ch_1",
            fee_micros=fee_micros,
        )
    )


async def open_books(office: Office) -> str:
    """Books of two currencies in which much has happened; the id of an organization whose name is hostile."""
    await fill_books(office)
    evil = await office.calling_organization(name=EVIL, currency="RON", funds_micros=7 * UNIT)
    await bought(office, evil, 50, fee_micros=1_234_567)
    await office.call(evil, EVIL_CALL, 61)
    await request_adjustment(
        office.services,
        organization_id=evil,
        command_id=new_id(),
        amount_micros=-90 * UNIT,
        reason="taken back",
        requested_by="alice",
    )
    await switch_billing(
        office.services, organization_id=evil, command_id=new_id(), post_usage=True, credit_line_micros=UNIT
    )
    for reference, micros, state in (
        ("po_1", 48 * UNIT, "paid"),
        ("po_2", -UNIT // 2, "paid"),
        ("po_3", UNIT, "pending"),
    ):
        await office.services.pool.execute(INSERT_PAYOUT, OPERATOR_ID, reference, micros, NOON.date(), state, NOON)
    office.clock.advance(hours=1)
    return evil


def as_micros(text: str) -> int:
    return int(Decimal(text) * UNIT)


async def test_the_journal_added_up_again_is_the_balance_of_every_organization(office: Office) -> None:
    await open_books(office)
    balances: dict[tuple[str, str], int] = defaultdict(int)
    found = await rows(office, ExportForm.CSV)
    assert tuple(found[0]) == JOURNAL_COLUMNS
    for row in found:
        balances[row["organization"], row["from"]] -= as_micros(row["amount"])
        balances[row["organization"], row["to"]] += as_micros(row["amount"])
    journal = await office.services.pool.fetchval("select count(*) from journal")
    assert len(found) == journal > 20
    for organization in {row["organization"] for row in found}:
        balance = await read_balance(office.services, organization_id=organization)
        assert isinstance(balance, Balance)
        line = balance.credit_line_micros - balance.credit_line_used_micros
        assert balances[organization, "customer_credits"] == balance.posted_micros + line
        assert sum(micros for (owner, _), micros in balances.items() if owner == organization) == 0


async def test_debits_and_credits_are_equal_in_every_entry_and_every_currency(office: Office) -> None:
    await open_books(office)
    found = await rows(office, ExportForm.ENTRIES)
    assert tuple(found[0]) == ENTRY_COLUMNS
    by_entry: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in found:
        by_entry[row["entry"]].append(row)
    for lines in by_entry.values():
        debit, credit = lines
        assert (debit["line"], debit["credit"], credit["line"], credit["debit"]) == ("1", "", "2", "")
        assert debit["debit"] == credit["credit"]
        assert debit["currency"] == credit["currency"]
        assert debit["account_code"] != credit["account_code"]


async def test_the_sums_are_those_of_the_entries_and_end_at_zero(office: Office) -> None:
    await open_books(office)
    added: dict[tuple[str, str], int] = defaultdict(int)
    for row in await rows(office, ExportForm.ENTRIES):
        if not row["text"].startswith("payout"):
            added[row["currency"], row["account"]] += as_micros(row["debit"] or "0") - as_micros(row["credit"] or "0")
    found = await sums(office)
    assert {(each.currency, each.name): each.closing_micros for each in found} == added
    for currency in ("EUR", "RON"):
        of_currency = [each for each in found if each.currency == currency]
        assert sum(each.closing_micros for each in of_currency) == 0
        assert sum(each.debit_micros - each.credit_micros for each in of_currency) == 0


async def test_what_a_gateway_keeps_is_an_expense_and_leaves_less_there(office: Office) -> None:
    await open_books(office)
    found = {(each.currency, each.account): each.closing_micros for each in await sums(office)}
    assert found["RON", LedgerAccount.GATEWAY_FEES] == 1_234_567
    assert found["RON", LedgerAccount.GATEWAY_CLEARING] == 50 * UNIT - 1_234_567


async def test_two_periods_are_one_longer_one(office: Office) -> None:
    await open_books(office)
    middle = NOON + timedelta(hours=20)
    period = everything(office)
    first = await exported(office, ExportForm.CSV, replace(period, ends=middle))
    second = await exported(office, ExportForm.CSV, replace(period, begins=middle))
    head, _, rest = second.partition("\r\n")
    assert len(first.splitlines()) > 1
    assert len(rest.splitlines()) > 1
    assert first + rest == await exported(office, ExportForm.CSV, period)
    assert head == ",".join(JOURNAL_COLUMNS)

    before = {(each.currency, each.account): each for each in await sums(office, replace(period, ends=middle))}
    for each in await sums(office, replace(period, begins=middle)):
        known = before.get((each.currency, each.account))
        assert each.opening_micros == (known.closing_micros if known else 0)


async def test_the_same_period_is_the_same_file_again_though_more_has_happened(office: Office) -> None:
    await open_books(office)
    period = everything(office)
    first = [await exported(office, form, period) for form in ExportForm]
    await office.calling_organization(name="Later")
    assert [await exported(office, form, period) for form in ExportForm] == first


async def test_one_organizations_export_holds_nothing_of_another(office: Office) -> None:
    evil = await open_books(office)
    for form in ExportForm:
        text = await exported(office, form, everything(office, organization_id=evil))
        assert "EUR" not in text
        assert "payout" not in text
    found = await rows(office, ExportForm.CSV, everything(office, organization_id=evil))
    assert {row["organization"] for row in found} == {evil}


async def test_a_large_period_leaves_in_pieces(office: Office) -> None:
    await office.calling_organization()
    # The rows of one transfer, many times over: the table is append-only, and inserting is all that it allows.
    await office.services.pool.execute(
        "insert into journal select shard_id, organization_id, gen_random_uuid(), at, source, target, amount_micros,"
        " reason, lot_id, session_id, top_up_id from journal, generate_series(1, 5000)"
    )
    office.clock.advance(seconds=1)
    pieces = await export_period(office.services, everything(office), ExportForm.CSV)
    assert not isinstance(pieces, Refused)
    sizes = [len(piece) async for piece in pieces]
    assert len(sizes) > 10
    assert max(sizes) < 250_000


async def test_dates_are_those_of_the_clock_on_the_wall(office: Office) -> None:
    office.clock.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    await office.calling_organization()
    office.clock.advance(days=1)
    for zone, date in (("UTC", "2026-12-31"), ("Europe/Bucharest", "2027-01-01")):
        found = await rows(office, ExportForm.CSV, everything(office, time_zone=zone))
        assert {row["date"] for row in found} == {date}
        assert {row["at"] for row in found} == {"2026-12-31T23:30:00.000000Z"} or len(found) == 1


async def test_no_cell_is_a_formula(office: Office) -> None:
    await open_books(office)
    for form in (ExportForm.CSV, ExportForm.ENTRIES):
        text = await exported(office, form)
        assert "'=cmd" in text
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\uff1d"])
def test_what_a_spreadsheet_takes_for_a_formula_is_text(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"
    assert harmless("Exemplu SRL = 1") == "Exemplu SRL = 1"


def test_a_comment_of_a_plain_text_journal_holds_words_alone() -> None:
    assert plain("a\n2020-01-01 * x") == "a 2020-01-01 x"
    assert not set(plain(EVIL)) & set(':;,[]{}()=@|!"\n')
    assert plain("Țânțar & Fiii S.R.L.") == "Țânțar & Fiii S.R.L."


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} (Debian's package `{name}`)")
    return found


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["hledger", "ledger"])
async def test_an_accountants_program_reads_the_journal_and_adds_up_the_same(
    office: Office, tmp_path: Path, name: str
) -> None:
    path = program(name)
    await open_books(office)
    file = tmp_path / "period.journal"
    file.write_text(await exported(office, ExportForm.HLEDGER), "utf-8")
    found = await sums(office)
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for each in found:
        expected[each.name, each.currency] += each.closing_micros
    # The two payouts, which the ledger knows nothing of: 48.00 arrived, and 0.50 were taken back.
    expected["assets:bank", "RON"] += 47_500_000
    expected["assets:gateway clearing", "RON"] -= 47_500_000

    if name == "hledger":
        run(path, "-f", str(file), "check", "accounts", "balancedwithautoconversion")
    for (account, currency), micros in expected.items():
        query = ("bal", f"^{account}$", f"cur:{currency}", "-N", "--flat", "-O", "csv")
        if name == "ledger":
            query = (
                "bal",
                f"^{account}$",
                "--limit",
                f"commodity=='{currency}'",
                "--flat",
                "--format",
                "%(display_total)\n",
            )
        printed = run(path, "-f", str(file), *query)
        amounts = [Decimal(word) for word in printed.replace('"', " ").replace(",", " ").split() if _is_amount(word)]
        assert sum(amounts) * UNIT == micros, (account, currency, printed)


def _is_amount(word: str) -> bool:
    return word.lstrip("-").replace(".", "", 1).isdigit()


async def test_accounts_have_the_operators_own_numbers(office: Office) -> None:
    await office.calling_organization()
    office.clock.advance(seconds=1)
    rules = FundingRules(account_codes={"customer_credits": "419", BANK: "5121"})
    own = replace(office, services=replace(office.services, rules=rules))
    codes = {row["account"]: row["account_code"] for row in await rows(own, ExportForm.ENTRIES)}
    assert codes == {"liabilities:customer credits": "419", "expenses:promotions": "6100"}
    assert "code 5121" in await exported(own, ExportForm.HLEDGER)


def test_the_chart_has_every_account_of_the_ledger_with_a_number_of_its_own() -> None:
    chart = chart_of({})
    assert set(chart) == {BANK, *LedgerAccount}
    assert len({each.code for each in chart.values()}) == len({each.name for each in chart.values()}) == len(chart)


async def test_a_period_that_is_not_over_or_not_one_is_refused(office: Office) -> None:
    for changes, field in (
        ({"ends": office.clock.now + timedelta(seconds=1)}, "to"),
        ({"ends": LONG_AGO}, "to"),
        ({"begins": LONG_AGO - timedelta(days=4_000)}, "to"),
        ({"time_zone": "Mars/Phobos"}, "time_zone"),
        ({"organization_id": "7"}, "organization_id"),
    ):
        refused = await export_period(office.services, everything(office, **changes), ExportForm.CSV)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)
    unknown = await export_period(office.services, everything(office, organization_id=new_id()), ExportForm.CSV)
    assert isinstance(unknown, Refused)


async def test_the_tax_on_use_is_what_revenue_contains_of_funds_that_were_paid_for(office: Office) -> None:
    on_use = TaxRow(country="RO", effective_from=LONG_AGO, treatment=TaxTreatment.ON_USE, rate_micros=210_000)
    raised = TaxRow(
        country="RO",
        effective_from=datetime(2026, 12, 10, tzinfo=UTC),
        treatment=TaxTreatment.ON_USE,
        rate_micros=250_000,
    )
    services = replace(office.services, funding=structs.replace(office.services.funding, taxes=(on_use, raised)))
    organization = await office.calling_organization(funds_micros=600_000)
    abroad = await office.calling_organization(funds_micros=600_000, country="DE")
    await bought(office, organization, 50)
    await office.call(organization, "given", 60)  # 0.60 of the grant
    await office.call(organization, "paid", 121)  # 1.21 that were paid for
    await office.call(abroad, "elsewhere", 60)
    office.clock.now = datetime(2026, 12, 15, tzinfo=UTC)
    await office.call(organization, "raised", 125)  # 1.25
    office.clock.advance(days=1)

    found = await tax_on_use(services, everything(office, begins=datetime(2026, 11, 1, tzinfo=UTC)))
    assert not isinstance(found, Refused)
    assert [
        (each.month, each.currency, each.rate_micros, each.revenue_micros, each.given_micros, each.taxable_micros)
        for each in found
    ] == [
        ("2026-11", "EUR", 210_000, 1_810_000, 600_000, 1_210_000),
        ("2026-12", "EUR", 250_000, 1_250_000, 0, 1_250_000),
    ]
    assert [each.tax_micros for each in found] == [210_000, 250_000]
    assert isinstance(found[0], TaxOnUse)
