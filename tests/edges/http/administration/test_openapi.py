"""The OpenAPI document is complete and true: it describes every path, and every answer that a walk over it meets.

The client of these tests holds each answer against the document (see documented.py); so do the clients of all others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration.documenting import TAGS
from commcredits.edges.http.charging.openapi import charging_openapi
from commcredits.edges.http.graph.openapi import graph_openapi
from commcredits.edges.http.problems import HttpFault
from tests.edges.http.administration.documented import Documentation
from tests.edges.http.administration.walk_over_access import walk_into_refusals_of_access, walk_well_over_access
from tests.edges.http.administration.walk_over_advice import walk_into_refusals_of_advice, walk_well_over_advice
from tests.edges.http.administration.walk_over_audit import walk_well_over_audit
from tests.edges.http.administration.walk_over_calls import (
    walk_into_closed_doors_of_moving_in,
    walk_into_refusals_of_calls,
    walk_well_over_calls,
)
from tests.edges.http.administration.walk_over_funding_rules import (
    walk_into_refusals_of_funding_rules,
    walk_well_over_funding_rules,
)
from tests.edges.http.administration.walk_over_handling import walk_into_refusals_of_handling, walk_well_over_handling
from tests.edges.http.administration.walk_over_payments import walk_into_refusals_of_payments, walk_well_over_payments
from tests.edges.http.administration.walk_over_people import (
    walk_into_closed_doors_of_people,
    walk_into_refusals_of_people,
    walk_well_over_people,
)
from tests.edges.http.administration.walk_over_policies import walk_into_refusals_of_policies, walk_well_over_policies
from tests.edges.http.administration.walk_over_programs import (
    walk_into_closed_doors_of_programs,
    walk_into_refusals_of_programs,
    walk_well_over_programs,
)
from tests.edges.http.administration.walk_over_rates import walk_into_refusals_of_rates, walk_well_over_rates
from tests.edges.http.administration.walk_over_receipts import walk_into_refusals_of_receipts, walk_well_over_receipts
from tests.edges.http.administration.walk_over_recharge import walk_into_refusals_of_recharge
from tests.edges.http.administration.walk_over_refund_requests import (
    walk_into_refusals_of_refund_requests,
    walk_well_over_refund_requests,
)
from tests.edges.http.administration.walk_over_spending import walk_into_refusals_of_spending, walk_well_over_spending
from tests.edges.http.administration.walk_over_telling import walk_into_refusals_of_telling, walk_well_over_telling
from tests.edges.http.administration.walk_over_usage import walk_into_refusals_of_usage, walk_well_over_usage
from tests.edges.http.administration.world import ROMANIA, World, client_of, rate_deck_csv
from tests.operations.staff import hire

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROBLEM = "application/problem+json"
MEDIA_TYPES = {
    "application/json",
    "application/jsonl",
    "application/pdf",
    "application/xml",
    "application/zip",
    "text/csv",
    "text/html",
    "text/plain",
}
JSON = {"Content-Type": "application/json"}
UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"

SEEN_ELSEWHERE_OR_HARD_TO_PROVOKE = {408, 429, 500, 503}
"""Time-outs, limits that the walk's installation lacks, and faults of ours: other tests provoke some of them."""

OWN_ERRORS = {"/v1/oauth/token": {400, 401}}
"""Paths of a protocol that has errors of its own, with the statuses of those."""

Operation = tuple[str, str, dict[str, Any]]


def _administration(documentation: Documentation) -> Iterator[Operation]:
    for method, path, operation in documentation.operations():
        if operation["tags"] not in (["Charging"], ["Call records"]):
            yield method, path, operation


def _example(documentation: Documentation, operation: dict[str, Any]) -> Any:
    """The example of an operation's JSON body, if it takes one."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    (example,) = documentation.document["components"]["schemas"][name]["examples"]
    return example


def _filled(path: str, value: str) -> str:
    return re.sub(r"\{[a-z_]+\}", value, path)


async def test_the_document_is_openapi_3_1(world: World) -> None:
    document = world.documentation.document
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_the_document_describes_every_route_and_the_charging_paths(world: World) -> None:
    described = world.documentation.document["paths"]
    routes = {route.path_format for route in world.app.routes if getattr(route, "include_in_schema", False)}  # type: ignore[attr-defined] # routes in the schema are FastAPI's, which have one
    assert described.keys() == routes | charging_openapi()["paths"].keys() | graph_openapi()["paths"].keys()


async def test_every_operation_says_what_it_is_for_and_every_refusal_is_a_problem_document(world: World) -> None:
    names = []
    for method, path, operation in _administration(world.documentation):
        names.append(operation["operationId"])
        assert operation["summary"], path
        assert set(operation["tags"]) <= {tag.value for tag in TAGS}, path
        for status, response in operation["responses"].items():
            assert response["description"], (method, path, status)
            (media_type,) = response["content"]
            in_own_words = path in OWN_ERRORS and int(status) in OWN_ERRORS[path]
            assert (media_type == PROBLEM) == (int(status) >= 400 and not in_own_words)
            assert media_type in {PROBLEM, *MEDIA_TYPES}
    assert len(set(names)) == len(names)


async def test_every_problem_that_is_documented_is_one_that_exists_under_its_own_status(world: World) -> None:
    known = {code.value for code in (*RefusalCode, *HttpFault)}
    for _method, path, operation in _administration(world.documentation):
        for status, response in operation["responses"].items():
            for code, example in response["content"].get(PROBLEM, {}).get("examples", {}).items():
                assert code in known, path
                assert (example["value"]["code"], str(example["value"]["status"])) == (code, status)


async def test_every_example_is_of_its_schema(world: World) -> None:
    for name, schema in world.documentation.document["components"]["schemas"].items():
        for example in schema.get("examples", ()):
            world.documentation.validate({"$ref": f"#/components/schemas/{name}"}, example)
        for field, described in schema.get("properties", {}).items():
            for example in described.get("examples", ()):
                world.documentation.validate(described, example)
            assert described, f"{name}.{field}"


async def test_the_example_of_every_body_is_taken_as_well_formed(world: World) -> None:
    organization = await world.open_organization()
    for method, path, operation in _administration(world.documentation):
        example = _example(world.documentation, operation)
        if example is None:
            continue
        there = path.replace("{number}", "+40212345678").replace("{licence}", "MCOPSTN1")
        there = _filled(there.replace("{mapping}", "my_switch"), organization)
        response = await world.client.request(method, there, json=example, headers=world.key())
        assert response.json().get("code") != "invalid_input", response.text


async def test_paths_that_need_no_token_say_so_and_all_others_are_closed(world: World) -> None:
    async with client_of(world.app, world.documentation, token="") as stranger:
        for method, path, operation in world.documentation.operations():
            response = await stranger.request(method, _filled(path, UNKNOWN_ID), headers=JSON)
            assert (response.status_code == 401) == (operation.get("security") != []), path


async def test_a_walk_over_every_path_meets_only_what_is_documented_and_all_of_that(world: World) -> None:
    await _walk_badly(world)
    await _walk_without_permission(world)
    await _walk_well(world)
    await _walk_into_refusals(world)
    promised = {
        (operation["operationId"], int(status))
        for _method, _path, operation in _administration(world.documentation)
        for status in operation["responses"]
        if int(status) not in SEEN_ELSEWHERE_OR_HARD_TO_PROVOKE
    }
    assert sorted(promised - world.documentation.seen) == []


async def _walk_badly(world: World) -> None:
    """Ask every path for nonsense, and for things that are not there."""
    for method, path, operation in _administration(world.documentation):
        there = _filled(path.replace("{name}", "simulator").replace("{licence}", "MCOPSTN1"), UNKNOWN_ID)
        parameters = {"name": "Walk", "currency": "EUR"} if path == "/v1/rate-decks" else {}
        async with client_of(world.app, world.documentation, token="") as stranger:
            await stranger.request(method, there)
        await world.client.request(method, _filled(path, "7"), json={}, headers=world.key())
        await world.client.request(method, _filled(path, UNKNOWN_ID), headers=world.key())
        await world.client.request(method, there, params={"strange": "1"}, headers=world.key())
        if "requestBody" not in operation:
            continue
        content = json.dumps(_example(world.documentation, operation)).encode()
        for headers, body in (
            (JSON, content),
            (JSON, b"{"),
            (JSON, b" " * 300_000),
            ({"Content-Type": "text/plain"}, b"{}"),
            ({"Content-Type": "text/csv", "Content-Length": str(2**29)}, b""),
            ({"Content-Type": "multipart/form-data"}, b""),
        ):
            await world.client.request(
                method, there, params=parameters, content=body, headers={**headers, **world.key()}
            )


async def _walk_without_permission(world: World) -> None:
    """Ask every path for what is well-formed, with the key of a switch, which may do nothing here."""
    organization = await world.open_organization()
    key = await world.created(f"/v1/organizations/{organization}/api-keys", {"name": "Switch", "scopes": ["charging"]})
    async with client_of(world.app, world.documentation, token=key["secret"]) as switch:
        for method, path, operation in _administration(world.documentation):
            there = path.replace("{name}", "simulator").replace("receipts/{number}", "receipts/CC-000001")
            there = there.replace("{month}", "2026-01")
            there = there.replace("{number}", "+40212345678")
            there = _filled(there.replace("{licence}", "MCOPSTN1").replace("{mapping}", "my_switch"), organization)
            given = {
                each["name"]: "2098-01-31T00:00:00Z" if each["name"] == "to" else each["schema"]["examples"][0]
                for each in operation.get("parameters", ())
                if _is_query(each)
            }
            kinds = list(operation.get("requestBody", {}).get("content", {"application/json": {}}))
            example = _example(world.documentation, operation)
            content = b"" if example is None else json.dumps(example).encode()
            headers = {"Content-Type": kinds[0], **world.key()}
            await switch.request(method, there, params=given, content=content, headers=headers)


def _is_query(parameter: dict[str, Any]) -> bool:
    return bool(parameter["in"] == "query" and parameter.get("required"))


async def _walk_well(world: World) -> None:
    """Do everything once that can be done."""
    client = world.client
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}"
    method = await world.add_card(organization)
    bought = await world.buy(organization, method)
    waiting = await world.buy(organization, await world.add_card(organization, "sim_authenticate"))
    assert (bought.status_code, waiting.status_code) == (201, 202)
    await world.created(f"{path}/promotions", {"amount": "5", "expires_at": "2098-01-01T00:00:00Z", "reason": "Walk"})
    await world.created(f"{path}/numbers", {"number": "+40800123456", "kind": "toll_free"})
    deck = await world.publish()
    await client.put(f"{path}/rate-deck", json={"rate_deck_id": deck})
    rule = {"enabled": False, "recharge_amount": "50", "trigger_amount": "10", "payment_method": method}
    assert (await client.put(f"{path}/auto-recharge", json=rule)).status_code == 200
    assert (await client.put(f"{path}/balance-alerts", json={"amounts": ["20"]})).status_code == 200
    call = {"organization_id": organization, "session_id": "walk", "caller": "+40212345678", "callee": "+4072345678"}
    assert (await client.post("/v1/charging/authorise", json=call)).status_code == 200
    await walk_well_over_people(world, organization)
    await _walk_over_numbers(world, organization)
    await walk_well_over_rates(world, organization, deck)
    await walk_well_over_calls(world, organization, deck)
    await walk_well_over_policies(world, organization)
    await walk_well_over_handling(world, organization)
    await walk_well_over_payments(world, organization)
    await walk_well_over_refund_requests(world)
    await walk_well_over_receipts(world, organization)
    await walk_well_over_telling(world, organization)
    await walk_well_over_access(world, organization)
    await walk_well_over_audit(world, organization)
    await walk_well_over_advice(world, organization)
    await walk_well_over_funding_rules(world, organization)
    await walk_well_over_programs(world, organization)
    await walk_well_over_usage(world, organization)
    await walk_well_over_spending(world, organization)
    lists = ("numbers", "top-ups", "payment-methods", "lots", "journal", "calls")
    singles = (
        "",
        "/numbers/+40800123456",
        "/number-quotas",
        "/balance",
        "/auto-recharge",
        "/auto-recharge/attempts",
        "/balance-alerts",
        "/calls/walk",
        f"/top-ups/{bought.json()['top_up_id']}",
    )
    for read in (
        *(f"{path}/{name}" for name in lists),
        *(f"{path}{name}" for name in singles),
        f"/v1/rate-decks/{deck}",
        "/v1/rate-decks",
        "/v1/organizations",
        "/v1/health",
        "/v1/openapi.json",
    ):
        assert (await client.get(read)).status_code == 200, read
    assert (await client.post("/v1/verify")).status_code == 200
    assert (await _signed_message(world)).status_code == 200


async def _walk_over_numbers(world: World, organization: str) -> None:
    """Fill the stock, and take a number out of it for somebody."""
    path = f"/v1/organizations/{organization}"
    await hire(world.services, organization, "front.desk@example.com", licences=("MCOPSTN1",))
    await world.created("/v1/number-stock", {"number": "+40212345601", "kind": "user"})
    file, csv = b"number,kind\n+40212345602,toll\n", {"Content-Type": "text/csv"}
    assert (await world.client.post("/v1/number-stock/import", content=file, headers=csv)).status_code == 200
    assert (await world.client.get("/v1/number-stock", params={"digits": "602"})).status_code == 200
    await world.created(f"{path}/number-reservations", {"number": "+40212345601"})
    await world.created(f"{path}/number-acquisitions", {"number": "+40212345601"})
    assigned = {"purpose": "person", "user": "front.desk@example.com"}
    assert (await world.client.put(f"{path}/numbers/+40212345601/assignment", json=assigned)).status_code == 200


async def _walk_into_refusals_of_numbers(world: World, organization: str) -> None:
    """Numbers that are somebody's, that cannot be had, and that serve somebody."""
    client, path = world.client, f"/v1/organizations/{organization}"
    await hire(world.services, organization, "sales.1@example.com", "sales.2@example.com")
    await client.post("/v1/number-stock", json={"number": "+40212345670", "kind": "user"})
    await client.get(f"{path}/numbers/+40999999999")
    await client.get(f"/v1/organizations/{UNKNOWN_ID}/numbers/+40999999999")
    for user in ("nobody@example.com", "sales.1@example.com", "sales.2@example.com"):
        body = {"purpose": "person", "user": user}
        await client.put(f"{path}/numbers/+40212345670/assignment", json=body)
    await client.post(f"{path}/number-reservations", json={"number": "+40999999999"})
    await client.post(f"{path}/number-acquisitions", json={"number": "+40999999999"})
    await world.created("/v1/number-stock", {"number": "+40800123499", "kind": "toll_free"})
    await world.created(f"{path}/number-reservations", {"number": "+40800123499"})
    await client.post(f"{path}/number-acquisitions", json={"number": "+40800123499"})


async def _signed_message(world: World) -> httpx.Response:
    """A message of the gateway about something that we do not know."""
    body, headers = world.message()
    return await world.client.post("/v1/gateways/simulator/webhooks", content=body, headers=headers)


async def _walk_into_refusals(world: World) -> None:
    """Meet the conflicts, the declines and the closed doors."""
    client = world.client
    organization, other = await world.open_organization(), await world.open_organization()
    path = f"/v1/organizations/{organization}"
    opening = {"name": "Walk", "country": "RO", "currency": "EUR", "time_zone": "UTC", "language": "en"}
    key = world.key()
    for name in ("Walk", "Run"):
        await client.post("/v1/organizations", json={**opening, "name": name}, headers=key)
        await client.post(
            "/v1/rate-decks",
            params={"name": name, "currency": "EUR"},
            content=rate_deck_csv(ROMANIA),
            headers={"Content-Type": "text/csv", **key},
        )
    declined = await world.buy(organization, await world.add_card(organization, "sim_decline_expired_card"))
    assert declined.status_code == 402
    method = await world.add_card(organization)
    money = {"amount": "50", "currency": "USD"}
    give = {**money, "expires_at": "2098-01-01T00:00:00Z", "reason": "Walk"}
    rule = {"enabled": True, "recharge_amount": "50", "trigger_amount": "10", "payment_method": method}
    await client.post(f"{path}/top-ups", json={**money, "payment_method": method}, headers=world.key())
    await client.post(f"{path}/promotions", json=give, headers=world.key())
    await walk_into_refusals_of_recharge(world, organization)
    await walk_into_refusals_of_receipts(world, organization)
    await walk_into_refusals_of_telling(world, organization)
    await walk_into_refusals_of_access(world, organization)
    await walk_into_refusals_of_funding_rules(world)
    await walk_into_refusals_of_advice(world)
    await walk_into_refusals_of_programs(world, organization)
    await walk_into_refusals_of_usage(world, organization)
    await walk_into_refusals_of_spending(world, organization)
    await client.put(f"{path}/rate-deck", json={"rate_deck_id": await world.publish(currency="USD")})
    await world.created(f"{path}/numbers", {"number": "+40212345670", "kind": "user"})
    await client.post(
        f"/v1/organizations/{other}/numbers", json={"number": "+40212345670", "kind": "user"}, headers=world.key()
    )
    await _walk_into_refusals_of_numbers(world, organization)
    await walk_into_refusals_of_rates(world, organization)
    await walk_into_refusals_of_calls(world, organization)
    await walk_into_refusals_of_people(world, organization)
    await client.get(f"/v1/organizations/{UNKNOWN_ID}/search", params={"q": "ana"})
    await walk_into_refusals_of_policies(world, organization)
    await walk_into_refusals_of_handling(world, organization)
    await walk_into_refusals_of_payments(world, organization)
    await walk_into_refusals_of_refund_requests(world)
    await world.close_organization(organization)
    await walk_into_closed_doors_of_people(world, organization)
    await walk_into_closed_doors_of_moving_in(world, organization)
    await walk_into_closed_doors_of_programs(world, organization)
    await client.post(f"{path}/numbers", json={"number": "+40212345671", "kind": "user"}, headers=world.key())
    assignment = {"purpose": "person", "user": "sales.2@example.com"}
    await client.put(f"{path}/numbers/+40212345670/assignment", json=assignment)
    for closed in ("number-reservations", "number-acquisitions"):
        await client.post(f"{path}/{closed}", json={"number": "+40212345671"})
    await world.buy(organization, method)
    await client.post(f"{path}/promotions", json={**give, "currency": "EUR"}, headers=world.key())
    await client.put(f"{path}/auto-recharge", json=rule)
