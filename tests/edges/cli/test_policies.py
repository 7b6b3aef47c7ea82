"""Rules, blocks, pools and possible calls at the terminal, for people and for programs."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from commcredits.core.commands import Authorise, Service
from commcredits.core.outcomes import Granted
from commcredits.edges.http.administration import may_call_answers, policy_answers
from tests.edges.cli.terminal import HEADER, NOBODY, Terminal
from tests.operations.office import open_office
from tests.storage_fixtures import run

BRITISH = "+442079460000"
ROMANIAN = "+40316300000"
DECK = f"{HEADER}\n44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,\n40,Romania,outbound,0.06,0,60,60,2020-01-01,\n"
DESK = "front.desk@example.com"


def _customer(terminal: Terminal, *licences: str, funds: str = "6") -> str:
    """The id of an organization with funds, rates and a user with these licences and the one for credits."""
    organization = terminal.open_organization()
    deck = terminal.do("rates", "import", terminal.file(DECK), "--name", "Standard", "--currency", "EUR")
    terminal.do("organizations", "assign-rate-deck", organization, deck["rate_deck_id"])
    terminal.do("funds", "promote", organization, funds, "--expires-at", "2098-01-01", "--reason", "test")
    person = ("--display-name", "Recepție", "--usage-location", "RO", "--department", "Vânzări = bani")
    terminal.do("users", "add", organization, DESK, *person)
    for licence in licences:
        terminal.do("licences", "buy", organization, licence, "1")
    terminal.do("licences", "assign", organization, "MCOPSTNC", *licences, "--user", DESK)
    return organization


def test_rules_are_changed_one_by_one_and_what_is_not_named_stays(terminal: Terminal) -> None:
    organization = _customer(terminal)
    terminal.do("rules", "set", organization, "--calls-max", "10", "--user-monthly-max", "25", "--premium-allowed")
    terminal.do("rules", "set", organization, "--dial-out", "zone_a/domestic", "--pool-size", "MCOPSTN1=purchased")
    caps = ("--department-monthly-max", "Vânzări = bani=5.5", "--department-monthly-max", "Suport=1")
    terminal.do("rules", "set", organization, *caps, "--calls-without-user", "refused", "--destination-factor", "4")
    terminal.do("rules", "set", organization, "--department-monthly-max", "Suport=none", "--calls-max", "none")
    rules = terminal.do("rules", "show", organization)
    assert rules["dial_out"] == {"conference": "zone_a", "user": "domestic"}
    assert (rules["premium_allowed"], rules["calls_without_user"], rules["in_force"]) == (True, "refused", True)
    assert (rules["pool_size_by"]["MCOPSTN1"], rules["pool_size_by"]["MCOPSTN2"]) == ("purchased", "assigned")
    assert (rules["limits"]["calls_max"], rules["limits"]["destination_factor"]) == (None, 4)
    assert rules["limits"]["user_monthly_max"] == "25.000000"
    assert rules["limits"]["department_monthly_max"] == {"Vânzări = bani": "5.500000"}
    shown = terminal.type("rules", "show", organization).output
    assert "25.00 EUR" in shown
    assert "Vânzări = bani" in shown


def test_a_block_is_listed_with_its_reason_and_lifted(terminal: Terminal, database_url: str) -> None:
    organization = _customer(terminal)
    terminal.do("rules", "set", organization, "--user-hourly-max", "1")

    async def spend() -> None:
        async with open_office(database_url) as office:
            call = Authorise(
                organization_id=organization,
                session_id="call",
                service=Service.OUTBOUND,
                caller="+40211230001",
                callee=BRITISH,
                user=DESK,
            )
            assert isinstance(await office.execute(call), Granted)

    run(spend())
    (block,) = terminal.do("blocks", "list", organization)["items"]
    assert (block["reason"], block["limit"], block["display_name"]) == ("spend_velocity", "1.000000", "Recepție")
    listed = terminal.type("blocks", "list", organization).output
    assert "spend velocity" in listed
    assert DESK in listed
    said = terminal.type("blocks", "lift", organization, block["block_id"], "--lifted-by", "Front desk")
    assert (said.status, "not blocked any more" in said.output) == (0, True)
    assert terminal.do("blocks", "list", organization)["items"] == []
    (lifted,) = terminal.do("blocks", "list", organization, "--all")["items"]
    assert lifted["lifted_by"] == "Front desk"


def test_a_user_and_a_country_are_blocked_by_hand(terminal: Terminal) -> None:
    organization = _customer(terminal)
    user = terminal.do("blocks", "add", organization, "user", DESK)
    assert terminal.do("blocks", "add", organization, "user", DESK) == user
    assert "GB is blocked" in terminal.type("blocks", "add", organization, "country", "GB").output
    said = terminal.type("may-call", organization, BRITISH, "--user", DESK)
    assert said.status == 1
    assert f"lift_block:{user['block_id']}" in said.output


def test_a_possible_call_is_answered_yes_with_what_pays_or_no_with_what_would_change_it(terminal: Terminal) -> None:
    organization = _customer(terminal, "MCOPSTN5")
    yes = terminal.type("may-call", organization, ROMANIAN, "--user", DESK)
    assert yes.status == 0
    assert "Yes, for 3 h 40 min at most." in yes.output
    assert "row 2: domestic" in yes.output
    assert "120 of 120 left in pool:MCOPSTN5:RO" in yes.output
    terminal.do("rules", "set", organization, "--dial-out", "any/none")
    no = terminal.type("may-call", organization, BRITISH, "--user", DESK)
    assert no.status == 1
    assert "No: the dial-out policy does not allow this destination" in no.output
    assert "change_policy:user, change_user_policy:user" in no.output
    emergency = terminal.type("may-call", organization, "112")
    assert (emergency.status, "never charged" in emergency.output) == (0, True)


def test_pools_are_reported(terminal: Terminal) -> None:
    organization = _customer(terminal, "MCOPSTN5", "MCOMEETADV")
    report = terminal.do("pools", organization)
    assert [pool["pool"] for pool in report["pools"]] == ["pool:MCOPSTN5:RO", "pool:MCOMEETADV"]
    shown = terminal.type("pools", organization).output
    for text in ("Domestic 120", "Audio conferencing", "180 of 180", "6.00 EUR"):
        assert text in shown


def test_json_of_policies_has_the_fields_of_the_administration_api(terminal: Terminal) -> None:
    organization = _customer(terminal, "MCOPSTN5")
    terminal.do("rules", "set", organization, "--calls-max", "5", "--department-monthly-max", "Vânzări = bani=5")
    rules = terminal.do("rules", "show", organization)
    block = terminal.do("blocks", "add", organization, "country", "LV")
    pools = terminal.do("pools", organization)
    written: list[tuple[Any, type[BaseModel]]] = [
        (rules, policy_answers.Rules),
        (rules["limits"], policy_answers.Limits),
        (block, policy_answers.Block),
        (pools, policy_answers.PoolsReport),
        (pools["pools"][0], policy_answers.Pool),
        (pools["beyond"], policy_answers.MinutesBeyond),
    ]
    for callee in (ROMANIAN, BRITISH, "+2634123456"):
        words = ("may-call", organization, callee, "--user", DESK)
        said = terminal.type(*words, "--json")
        document = json.loads(said.output)
        assert (said.status == 0) is document["allowed"]
        written.append((document, may_call_answers.MayCall))
    home = written[-3][0]
    written += [
        (home["party"], may_call_answers.CallParty),
        (home["pool"], may_call_answers.PoolStanding),
        (home["credits"], may_call_answers.CreditsStanding),
        (home["credits"]["rate"], may_call_answers.CallRate),
        (home["limits"][0], may_call_answers.LimitStanding),
    ]
    for document, model in written:
        model.model_validate(document)
        assert set(document) == set(model.model_fields), model


WRONG = [
    (("rules", "set", "{organization}", "--calls-max", "-1"), "calls-max", "whole number"),
    (("rules", "set", "{organization}", "--calls-max", "9999999"), "limits.calls_max", "from 0 to 1000000"),
    (("rules", "set", "{organization}", "--user-monthly-max", "1,5"), "user-monthly-max", "decimal"),
    (("rules", "set", "{organization}", "--user-monthly-max", "-1"), "user-monthly-max", "below 0"),
    (("rules", "set", "{organization}", "--dial-out", "everywhere"), "dial-out", "zone_a"),
    (("rules", "set", "{organization}", "--calls-without-user", "ring"), "calls-without-user", "refused"),
    (("rules", "set", "{organization}", "--pool-size", "MCOPSTN1"), "pool-size", "purchased"),
    (("rules", "set", "{organization}", "--pool-size", "MCOPSTNC=assigned"), "pool_size_by", "MCOMEETADV"),
    (("rules", "set", "{organization}", "--department-monthly-max", "Sales"), "department-monthly-max", "equals sign"),
    (("rules", "set", "{organization}", "--department-monthly-max", "=5"), "department_monthly_max", "1 to 200"),
    (("rules", "set", "{organization}", "--destination-factor", "none"), "destination-factor", "taken away"),
    (("blocks", "add", "{organization}", "number", "+40"), "user|country", "not user or country"),
    (("blocks", "add", "{organization}", "country", "XX"), "subject", "ISO 3166-1"),
    (("blocks", "lift", "{organization}", "7"), "block_id", "UUID"),
    (("pools", "{organization}", "--month", "2026-13"), "month", "2026-11"),
    (("may-call", "{organization}", "0212"), "callee", "international form"),
    (("may-call", "{organization}", BRITISH), "user", "caller's number"),
]


@pytest.mark.parametrize(("command", "field", "allowed"), WRONG, ids=lambda each: " ".join(each[2:])[:40])
def test_wrong_input_about_policies_is_named_and_changes_nothing(
    terminal: Terminal, command: tuple[str, ...], field: str, allowed: str
) -> None:
    organization = terminal.open_organization()
    said = terminal.type(*(word.replace("{organization}", organization) for word in command))
    assert said.status == 2, said
    assert field in said.complaint_in_one_line
    assert allowed in said.complaint_in_one_line
    assert not terminal.do("rules", "show", organization)["in_force"]


def test_an_unknown_organization_has_no_policies(terminal: Terminal) -> None:
    for command in (
        ("rules", "show", NOBODY),
        ("rules", "set", NOBODY, "--calls-max", "5"),
        ("blocks", "list", NOBODY),
        ("blocks", "add", NOBODY, "country", "GB"),
        ("blocks", "lift", NOBODY, NOBODY),
        ("may-call", NOBODY, BRITISH, "--user", DESK),
        ("pools", NOBODY),
    ):
        said = terminal.type(*command)
        assert (said.status, "[unknown_organization" in said.complaint) == (1, True), (command, said)
