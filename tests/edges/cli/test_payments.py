"""Payments at the terminal: a card entered, chosen, replaced and removed; money given back; what the API says too."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from commcredits.edges.http.administration import answers, payment_answers, refund_requests
from tests.edges.cli.terminal import NOBODY, Terminal


def _has_the_fields_of(document: dict[str, Any], model: type[BaseModel]) -> None:
    model.model_validate(document)
    assert set(document) == set(model.model_fields), model


def test_a_way_to_pay_is_entered_chosen_replaced_and_removed(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    begun = terminal.do("payment-methods", "begin", organization)
    _has_the_fields_of(begun, payment_answers.MethodSetup)
    first, second = terminal.add_card(organization), terminal.add_card(organization, "sim_ok_second")
    finished = terminal.do("payment-methods", "finish", organization)
    assert [each["is_default"] for each in finished["items"]] == [True, False]
    assert terminal.do("payment-methods", "choose", organization, second, "--backup", first) == {"changed": True}
    third = terminal.add_card(organization)
    replaced = terminal.do("payment-methods", "replace", organization, second, "--by", third)
    _has_the_fields_of(replaced, answers.PaymentMethod)
    assert (replaced["payment_method"], replaced["is_default"]) == (third, True)
    assert terminal.do("payment-methods", "remove", organization, first) == {"changed": True}
    shown = terminal.type("payment-methods", "list", organization).output
    assert [line.split()[-1] for line in shown.splitlines() if "Simcard" in line] == ["default"]
    assert shown.count("default") == 1
    said = terminal.type("payment-methods", "begin", organization, "--return-url", "https://evil.example/")
    assert (said.status, "return_url" in said.complaint) == (2, True)


def test_a_buyer_is_told_the_tax_and_whoever_pays_by_transfer_what_to_write_on_it(
    database_url: str, tmp_path: Path
) -> None:
    tax = {"country": "RO", "from": "2025-08-01", "treatment": "on_top_up", "rate": "21"}
    by_hand = {"bank_transfer": {"account": "RO49 AAAA 1B31 0075 9384 0000"}}
    terminal = Terminal(database_url, tmp_path, taxes=[tax], gateways=by_hand)
    organization = terminal.open_organization()
    words = ("payment-methods", "add", organization, "--gateway", "bank_transfer", "--reference", "bank")
    method = terminal.do(*words)["payment_method"]
    said = terminal.type("funds", "add", organization, "100", "--payment-method", method)
    (bought,) = terminal.do("top-ups", organization)["items"]
    assert said.status == 5
    told = {line[:10].strip(): line[10:].strip() for line in said.output.splitlines()}
    assert told == {
        "top-up": bought["top_up_id"],
        "state": "processing",
        "amount": "100.00 EUR",
        "tax": "21.00 EUR",
        "to pay": "121.00 EUR",
        "paid with": "bank_transfer",
        "reference": bought["gateway_reference"],
    }
    listed = terminal.type("top-ups", organization).output
    assert "bank_transfer" in listed
    assert "21.00" in listed
    confirmed = terminal.type("payments", "confirm", organization, bought["top_up_id"], "--reference", "statement 5")
    assert "reference" not in confirmed.output


def test_a_refund_is_made_and_listed_and_what_is_not_there_is_refused(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    card = terminal.add_card(organization)
    bought = terminal.do("funds", "add", organization, "50", "--payment-method", card)
    _has_the_fields_of(bought, answers.TopUp)
    words = ("refunds", "make", organization, bought["top_up_id"], "--reason", "asked for")
    refund = terminal.do(*words, "--amount", "20", "--by", "ana")
    _has_the_fields_of(refund, payment_answers.Refund)
    assert (refund["state"], refund["amount"], refund["requested_by"]) == ("refunded", "20.000000", "ana")
    assert terminal.do("refunds", "list", organization)["items"] == [refund]
    assert terminal.type(*words, "--amount", "30.01").status == 1
    assert terminal.do(*words, "--amount", "1")["requested_by"] == "console"
    for verdict, option in (("confirm", "--reference"), ("reject", "--reason")):
        of_refund = terminal.type("refunds", verdict, organization, refund["refund_id"], option, "bank")
        of_payment = terminal.type("payments", verdict, organization, bought["top_up_id"], option, "bank")
        assert "payment_not_open" in of_refund.complaint
        assert "payment_not_open" in of_payment.complaint
    assert "unknown_top_up" in terminal.type("payments", "resume", organization, NOBODY).complaint
    assert terminal.do("disputes", "list", organization)["items"] == []
    assert terminal.type("refunds", "list", organization).status == 0


def test_a_refund_above_the_limit_waits_for_somebody_else_than_the_terminal(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    bought = terminal.do("funds", "add", organization, "150", "--payment-method", terminal.add_card(organization))
    words = ("refunds", "make", organization, bought["top_up_id"], "--reason", "left us", "--by", "alice")
    pending = terminal.do(*words)
    _has_the_fields_of(pending, refund_requests.RefundRequest)
    assert (pending["state"], pending["asked"], pending["amount"]) == ("pending", None, "150.000000")
    request = pending["refund_request_id"]
    for name in ("alice", "bob"):
        refused = terminal.type("refund-requests", "approve", organization, request, "--as", name)
        assert (refused.status, "second_person_required" in refused.complaint) == (1, True)
    assert "left us" in terminal.type("refund-requests", "list", organization, "--state", "pending").output
    assert terminal.do("refund-requests", "list", organization)["items"] == [pending]
    rejected = terminal.do("refund-requests", "reject", organization, request, "--as", "bob")
    assert (rejected["state"], rejected["decided_by"]) == ("rejected", "bob")
    assert "refund_settled" in terminal.type("refund-requests", "approve", organization, request).complaint
    assert terminal.type("refund-requests", "list", organization, "--state", "stolen").status == 2
    assert "pending" in terminal.type(*words).output
    assert terminal.do("refunds", "list", organization)["items"] == []


def test_what_gateways_told_is_listed_and_an_event_that_nobody_told_of_is_refused(terminal: Terminal) -> None:
    assert terminal.do("gateway-events", "list")["items"] == []
    assert terminal.do("payouts", "list")["items"] == []
    assert "gateway_event_id" in terminal.type("gateway-events", "process", NOBODY).complaint
    assert terminal.type("gateway-events", "list", "--state", "lost").status == 2
