"""At the terminal: two people adjust, vouchers are written once, organizations change and close, periods are saved."""

import csv
import io
import stat
from pathlib import Path

from commcredits.edges.http.administration import funding_rule_answers, report_answers
from tests.edges.cli.terminal import Terminal

LONG_AGO = ("--from", "2020-01-01", "--to", "2026-01-01")


def test_a_name_that_is_typed_is_no_second_person(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    taken = terminal.do("adjustments", "request", organization, "-5", "--reason", "paid out")
    assert (taken["state"], taken["requested_by"], taken["owed"]) == ("applied", "console", "5.000000")
    large = ("adjustments", "request", organization, "500", "--reason", "paid in", "--as", "alice")
    pending = terminal.do(*large)
    assert pending["state"] == "pending"

    for name in ("alice", "bob"):
        refused = terminal.type("adjustments", "approve", organization, pending["adjustment_id"], "--as", name)
        assert refused.status == 1
        assert "second_person_required" in refused.complaint
    funding_rule_answers.Adjustment.model_validate(pending)
    assert set(pending) == set(funding_rule_answers.Adjustment.model_fields)
    listed = terminal.type("adjustments", "list", organization, "--state", "pending")
    assert "paid in" in listed.output
    rejected = terminal.do("adjustments", "reject", organization, pending["adjustment_id"], "--as", "alice")
    assert (rejected["state"], rejected["decided_by"]) == ("rejected", "alice")
    assert terminal.type("adjustments", "list", organization, "--state", "stolen").status == 2
    assert terminal.type("adjustments", "approve", organization, pending["adjustment_id"]).status == 1
    assert terminal.type("adjustments", "request", organization, "five", "--reason", "paid out").status == 2


def test_codes_are_written_once_to_a_file_that_nobody_else_reads(terminal: Terminal, tmp_path: Path) -> None:
    organization = terminal.open_organization()
    file = tmp_path / "codes.csv"
    words = ("vouchers", "issue", "--quantity", "2", "--amount", "5", "--currency", "EUR")
    terms = ("--redeem-until", "2030-01-01", "--lot-days", "90", "--output", str(file), "--as", "alice")
    said = terminal.type(*words, *terms)
    assert said.status == 0, said.complaint
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first, second = [row["code"] for row in csv.DictReader(io.StringIO(file.read_text("utf-8")))]
    assert first not in said.output + said.complaint

    redeemed = terminal.do("vouchers", "redeem", organization, first.lower())
    assert redeemed["amount"] == "5.000000"
    funding_rule_answers.RedeemedVoucher.model_validate(redeemed)
    shown = terminal.do("vouchers", "show", first)
    assert set(shown) == set(funding_rule_answers.Voucher.model_fields)
    assert terminal.do("vouchers", "void", second)["voided_by"] == "console"
    again = terminal.type("vouchers", "redeem", organization, second)
    assert (again.status, "not_redeemable" in again.complaint) == (1, True)
    batch = terminal.do("vouchers", "batches")["items"][0]
    assert set(batch) == set(funding_rule_answers.VoucherBatch.model_fields)
    assert (batch["redeemed_count"], batch["voided_count"], batch["issued_by"]) == (1, 1, "alice")
    assert "1 were redeemed" in terminal.type("vouchers", "void-batch", batch["batch_id"]).output


def test_a_file_that_exists_is_never_written_over_and_nothing_is_issued(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "precious.csv"
    file.write_text("precious", "utf-8")
    words = ("vouchers", "issue", "--quantity", "1", "--amount", "5", "--currency", "EUR", "--lot-days", "9")
    said = terminal.type(*words, "--redeem-until", "2030-01-01", "--output", str(file))
    assert said.status == 3
    assert file.read_text("utf-8") == "precious"
    assert terminal.do("vouchers", "batches")["items"] == []
    fresh = tmp_path / "fresh.csv"
    said = terminal.type(*words, "--redeem-until", "2020-01-01", "--output", str(fresh))
    assert said.status == 2
    assert not fresh.exists()


def test_an_organization_changes_how_it_pays_and_closes(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    assert terminal.do("organizations", "change-currency", organization, "RON")["currency"] == "RON"
    billed = terminal.do("organizations", "billing", organization, "--post-usage", "--credit-line", "9")
    report_answers.Balance.model_validate(billed)
    assert set(billed) == set(report_answers.Balance.model_fields)
    assert "credit line" in terminal.type("balance", organization).output
    fixed = terminal.type("organizations", "change-currency", organization, "EUR")
    assert (fixed.status, "currency_fixed" in fixed.complaint) == (1, True)
    assert "in advance" in terminal.type("organizations", "billing", organization, "--prepaid").output
    closing = terminal.do("organizations", "close", organization, "--remainder", "forfeit", "--as", "alice")
    assert set(closing) == set(funding_rule_answers.Closing.model_fields)
    assert (closing["waits_for"], closing["requested_by"]) == ("worker", "alice")
    assert "worker" in terminal.type("organizations", "closing", organization).output
    assert terminal.type("organizations", "close", organization, "--remainder", "mine").status == 2


def test_a_period_is_saved_in_every_form(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open_organization()
    for form, begins in (("csv", "date,at,"), ("entries", "entry,date,"), ("hledger", "account assets:bank")):
        file = tmp_path / form
        said = terminal.type("accounting", "export", *LONG_AGO, "--format", form, "--output", str(file))
        assert said.status == 0, said.complaint
        assert file.read_text("utf-8").startswith(begins)
    assert terminal.type("accounting", "export", *LONG_AGO).output.startswith("date,at,")
    assert terminal.do("accounting", "accounts", *LONG_AGO)["items"] == []
    assert terminal.do("accounting", "tax-on-use", "--from", "2025-01-01", "--to", "2026-01-01")["items"] == []
    assert terminal.type("accounting", "export", *LONG_AGO, "--format", "pdf").status == 2
    assert terminal.type("accounting", "export", "--from", "2026-01-01", "--to", "2098-01-01").status == 2
    assert terminal.type("accounting", "export", *LONG_AGO, "--output", "/nowhere/at/all").status == 3


def test_a_country_where_nothing_can_be_bought_is_named_and_grants_still_work(
    terminal: Terminal, database_url: str, tmp_path: Path
) -> None:
    organization = terminal.open_organization()
    method = terminal.add_card(organization)
    unavailable = Terminal(database_url, tmp_path, unavailable_countries=frozenset({"RO"}))
    refused = unavailable.type("funds", "add", organization, "50", "--payment-method", method)
    assert (refused.status, "[country_not_available: country RO]" in refused.complaint) == (1, True)
    grant = ("funds", "promote", organization, "1", "--expires-at", "2030-01-01", "--reason", "test")
    assert unavailable.do(*grant)["amount"] == "1.000000"
