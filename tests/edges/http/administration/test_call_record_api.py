"""A report tool written for the other system reads call records here: its own client, its own paths, its own errors."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator
from kiota_abstractions.authentication.base_bearer_token_authentication_provider import (
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation
from kiota_abstractions.serialization import Parsable, ParseNode, ParseNodeFactory
from msgraph_core import (  # type: ignore[import-untyped] # it ships no types
    BaseGraphRequestAdapter,
    PageIterator,
)

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.operations.blocks import lift_block, set_block
from tests.edges.http.administration.walk_over_usage import GRAPH, UNKNOWN_ID, tell
from tests.edges.http.administration.world import World, bound_socket, client_of, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLS = 2_600
FIELDS = (
    "id,callId,userId,userPrincipalName,userDisplayName,startDateTime,endDateTime,duration,charge,callType,currency,"
    "calleeNumber,usageCountryCode,tenantCountryCode,otherPartyCountryCode,connectionCharge,callerNumber,"
    "destinationContext,destinationName,conferenceId,licenseCapability,inventoryType,operator,callDurationSource"
)


def times(days: int = 1) -> str:
    now = datetime.now(UTC)
    begins, ends = (instant.isoformat().replace("+00:00", "Z") for instant in (now - timedelta(days=days), now))
    return f"(fromDateTime={begins},toDateTime={ends})"


async def priced_organization(world: World) -> str:
    organization = await world.open_organization()
    await world.client.put(f"/v1/organizations/{organization}/rate-deck", json={"rate_deck_id": await world.publish()})
    body = {"amount": "500", "expires_at": "2098-01-01T00:00:00Z", "reason": "Test"}
    await world.created(f"/v1/organizations/{organization}/promotions", body)
    return organization


async def reading_key(world: World, organization: str, *scopes: str) -> str:
    """A key of the organization's own, for call records unless other scopes are named."""
    made = await world.client.post(
        f"/v1/organizations/{organization}/api-keys",
        json={"name": "Reports", "scopes": list(scopes or (Permission.CALL_RECORDS_READ.value,))},
        headers=world.key(),
    )
    assert made.status_code == 201, made.text
    return next(str(value) for name, value in made.json().items() if name in {"key", "secret", "token"})


class Row(Parsable):
    """A row as the client makes it: every field there is."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}

    def get_field_deserializers(self) -> dict[str, Any]:
        return {name: (lambda node, name=name: self.fields.update({name: node.content})) for name in FIELDS.split(",")}

    def serialize(self, writer: Any) -> None:
        raise NotImplementedError


class Rows(Parsable):
    """A page as the client makes it."""

    def __init__(self) -> None:
        self.odata_next_link: str | None = None
        self.value: list[Row] = []

    @staticmethod
    def create_from_discriminator_value(_node: ParseNode) -> Rows:
        return Rows()

    def get_field_deserializers(self) -> dict[str, Any]:
        return {
            "@odata.nextLink": lambda node: setattr(self, "odata_next_link", node.content),
            "value": lambda node: setattr(self, "value", [_filled(Row(), each) for each in node.content]),
        }

    def serialize(self, writer: Any) -> None:
        raise NotImplementedError


class JsonNode:
    """What the client's serializer gives it: this installation of the client has none of its own."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def get_object_value(self, factory: Any) -> Any:
        """An object of that kind, filled from this."""
        return _filled(factory.create_from_discriminator_value(self), self.content)


def _filled(made: Any, content: dict[str, Any]) -> Any:
    for name, read in made.get_field_deserializers().items():
        if name in content:
            read(JsonNode(content[name]))
    return made


class JsonNodes(ParseNodeFactory):
    """Reads JSON for the client."""

    def get_valid_content_type(self) -> str:
        return "application/json"

    def get_root_parse_node(self, content_type: str, content: bytes) -> Any:
        assert content_type.startswith("application/json")
        return JsonNode(json.loads(content, parse_float=Decimal))


class Token(AccessTokenProvider):
    """The key of a reporting program."""

    def __init__(self, key: str) -> None:
        self.key = key

    async def get_authorization_token(
        self,
        uri: str,
        additional_authentication_context: Any = MappingProxyType({}),  # noqa: ARG002 - the client hands it over
    ) -> str:
        assert uri.startswith("http://127.0.0.1:")
        return self.key

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        return AllowedHostsValidator(["127.0.0.1"])


async def test_the_client_of_the_other_system_pages_through_all_calls_by_a_key_for_call_records_alone(
    world: World,
) -> None:
    organization = await priced_organization(world)
    await tell(world, organization, CALLS)
    key = await reading_key(world, organization)
    async with (
        served(world.app, bound_socket()) as address,
        httpx.AsyncClient() as client,
    ):
        adapter = BaseGraphRequestAdapter(BaseBearerTokenAuthenticationProvider(Token(key)), JsonNodes(), None, client)
        request = RequestInformation()
        request.http_method = Method.GET
        request.url = f"{address}/v1.0/communications/callRecords/getPstnCalls{times()}"
        first = await adapter.send_async(request, Rows, {})
        assert len(first.value) == 1_000
        pages = PageIterator(first, adapter)
        told: list[dict[str, Any]] = []

        def keep(row: Row) -> bool:
            told.append(row.fields)
            return True

        await pages.iterate(keep)
    assert [row["callId"] for row in told] == [f"usage-{number}" for number in range(CALLS)]
    assert len({row["id"] for row in told}) == CALLS
    balance = await world.services.pool.fetchval(
        "select sum(amount_micros) from journal where organization_id = $1 and session_id is not null", organization
    )
    assert sum(row["charge"] + row["connectionCharge"] for row in told) * 1_000_000 == balance


async def test_a_row_has_the_fields_of_the_document_and_amounts_are_exact_numbers(world: World) -> None:
    organization = await priced_organization(world)
    await tell(world, organization, 1, callee="+493012345678")
    answer = await world.client.get(
        f"{GRAPH}/callRecords/getPstnCalls{times()}", params={"organization_id": organization}
    )
    document = json.loads(answer.text, parse_float=Decimal)
    assert document["@odata.context"].endswith(
        "/graph/v1.0/$metadata#Collection(microsoft.graph.callRecords.pstnCallLogRow)"
    )
    assert document["@odata.count"] == 1
    assert "@odata.nextLink" not in document
    (row,) = document["value"]
    assert ",".join(row) == FIELDS
    assert (row["charge"], row["connectionCharge"]) == (Decimal("0.012000"), Decimal("0.050000"))
    assert (row["userId"], row["userPrincipalName"], row["conferenceId"], row["operator"]) == (None,) * 4
    assert (row["destinationContext"], row["destinationName"], row["otherPartyCountryCode"]) == (
        "International",
        "Germany",
        "DE",
    )
    assert (row["tenantCountryCode"], row["usageCountryCode"], row["licenseCapability"]) == ("RO", "RO", "MCOPSTNPP")
    assert (row["duration"], row["inventoryType"], row["callDurationSource"]) == (30, "Subscriber", "operator")


@pytest.mark.parametrize("root", ["/graph/v1.0", "/graph/beta", "/graph", "/v1.0", "/beta", ""])
async def test_every_root_serves_the_same_and_leads_on_below_itself(world: World, root: str) -> None:
    organization = await priced_organization(world)
    await tell(world, organization, 3)
    name = "microsoft.graph.callRecords.getPstnCalls"
    path = f"{root}/communications/callRecords/{name}{times()}"
    async with client_of(world.app, None) as client:
        answer = await client.get(
            path, params={"$top": "2", "$count": "true"}, headers={"X-Organization-Id": organization}
        )
        assert answer.status_code == 200, answer.text
        link = httpx.URL(answer.json()["@odata.nextLink"])
        assert link.path.startswith(f"{root or '/graph/v1.0'}/communications/callRecords/getPstnCalls(")
        rest = await client.get(link, headers={"X-Organization-Id": organization})
    assert [row["callId"] for row in answer.json()["value"] + rest.json()["value"]] == ["usage-0", "usage-1", "usage-2"]


async def test_both_ends_of_a_period_are_included_and_a_call_counts_by_its_start(world: World) -> None:
    organization = await priced_organization(world)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    await tell(world, organization, 1, started_at=start)
    for begins, ends, count in (
        (start, start, 1),
        (start - timedelta(seconds=9), start, 1),
        (start, start + timedelta(seconds=9), 1),
        (start + timedelta(microseconds=1), start + timedelta(seconds=60), 0),
        (start - timedelta(seconds=60), start - timedelta(microseconds=1), 0),
    ):
        period = f"(toDateTime={quote(ends.isoformat())},fromDateTime={quote(begins.isoformat())})"
        # Named the other way round than the description has them, which is as good.
        async with client_of(world.app, None) as client:
            answer = await client.get(
                f"{GRAPH}/callRecords/getPstnCalls{period}", headers={"X-Organization-Id": organization}
            )
        assert answer.json()["@odata.count"] == count, period


async def test_hostile_requests_get_errors_of_that_shape_and_never_a_fault_of_ours(world: World) -> None:
    organization = await priced_organization(world)
    await tell(world, organization, 2)
    own, path = {"X-Organization-Id": organization}, f"{GRAPH}/callRecords/getPstnCalls"
    day = "(fromDateTime=2026-11-01,toDateTime=2026-11-02)"
    first = await world.client.get(f"{path}{times()}", params={"$top": "1"}, headers=own)
    token = httpx.URL(first.json()["@odata.nextLink"]).params["$skiptoken"]
    wrong: list[tuple[str, dict[str, str], dict[str, str], int]] = [
        (f"{path}(fromDateTime=2026-01-01,toDateTime=2026-04-02)", {}, own, 400),
        (f"{path}(fromDateTime=2026-11-02,toDateTime=2026-11-01)", {}, own, 400),
        (f"{path}(fromDateTime=yesterday,toDateTime=2026-11-01)", {}, own, 400),
        (f"{path}(fromDateTime=0001-01-01,toDateTime=0001-01-02)", {}, own, 400),
        (f"{path}(fromDateTime=9999-12-30,toDateTime=9999-12-31)", {}, own, 400),
        (f"{path}(fromDateTime=2026-11-01)", {}, own, 400),
        (f"{path}(fromDateTime=2026-11-01,fromDateTime=2026-11-01)", {}, own, 400),
        (f"{path}(fromDateTime=@from,toDateTime=@to)", {}, own, 400),
        (f"{path}()", {}, own, 400),
        (f"{path}({'x' * 401})", {}, own, 404),
        (f"{path}(fromDateTime=2026-11-01%00,toDateTime=2026-11-02)", {}, own, 400),
        (f"{path}{day}", {"$top": "0"}, own, 400),
        (f"{path}{day}", {"$top": "1001"}, own, 400),
        (f"{path}{day}", {"$top": "-1"}, own, 400),
        (f"{path}{day}", {"$skip": "1000"}, own, 400),
        (f"{path}{day}", {"$filter": "callType eq 'x'"}, own, 400),
        (f"{path}{day}", {"$skiptoken": token}, own, 400),
        (f"{path}{day}", {"$skiptoken": "AAAA"}, own, 400),
        (f"{path}{day}", {"$skiptoken": "é\u0000"}, own, 400),
        (f"{path}{day}", {f"a{number}": "" for number in range(40)}, own, 400),
        (f"{path}{day}", {}, {}, 400),
        (f"{path}{day}", {"organization_id": UNKNOWN_ID}, own, 400),
        (f"{path}{day}", {"organization_id": UNKNOWN_ID}, {}, 404),
        (f"{path}{day}", {"organization_id": "'; drop table journal; --"}, {}, 400),
        (path, {}, own, 404),
        (f"{GRAPH}/callRecords/getEverything{day}", {}, own, 404),
        (f"{GRAPH}/credits/balance{day}", {}, own, 404),
        ("/graph/v2.0/communications/credits/balance", {}, own, 404),
        ("/graph/v1.0/me", {}, own, 404),
    ]
    async with client_of(world.app, None) as client:
        for address, params, headers, status in wrong:
            answer = await client.get(address, params=params, headers={**headers, "client-request-id": "mine-1"})
            assert answer.status_code == status, f"{address} {params}: {answer.text}"
            error = answer.json()["error"]
            assert set(error) == {"code", "message", "innerError"}
            assert error["innerError"]["request-id"] == answer.headers["request-id"]
            assert error["innerError"]["client-request-id"] == "mine-1"
        posted = await client.post(f"{path}{day}", headers=own)
        assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")
    alias = await world.client.get(
        f"{path}(fromDateTime=@a,toDateTime=@b)", params={"@a": "2026-11-01", "@b": "'2026-11-02'"}, headers=own
    )
    assert alias.status_code == 200, alias.text


async def test_nobody_reads_without_a_key_or_with_one_that_is_for_something_else_or_somebody_else(world: World) -> None:
    ours, theirs = await priced_organization(world), await priced_organization(world)
    await tell(world, theirs, 1)
    path = f"{GRAPH}/callRecords/getPstnCalls{times()}"
    for token, params, status, code in (
        ("", {}, 401, "InvalidAuthenticationToken"),
        ("wrong", {}, 401, "InvalidAuthenticationToken"),
        (await reading_key(world, ours, "numbers.read"), {}, 403, "Forbidden"),
        (await reading_key(world, ours), {"organization_id": theirs}, 404, "ResourceNotFound"),
        (await reading_key(world, ours), {"organization_id": UNKNOWN_ID}, 404, "ResourceNotFound"),
    ):
        async with client_of(world.app, None, token=token) as client:
            answer = await client.get(path, params=params)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    async with client_of(world.app, None, token=await reading_key(world, ours)) as client:
        assert (await client.get(path)).json()["value"] == []
        money = await client.get(f"{GRAPH}/credits/balance")
        assert money.status_code == 403


async def test_blocks_and_what_is_left_of_funds_and_pools_are_told_too(world: World) -> None:
    organization = await priced_organization(world)
    body = {"user_principal_name": "sales@example.com", "display_name": "Sales", "usage_location": "RO"}
    user = await world.created(f"/v1/organizations/{organization}/users", body)
    block = await set_block(
        world.services,
        organization_id=organization,
        command_id="block",
        kind="user",
        subject="sales@example.com",
    )
    assert not isinstance(block, Refused)
    lifted = await lift_block(
        world.services, organization_id=organization, command_id="lift", block_id=block.block_id, lifted_by="x"
    )
    assert not isinstance(lifted, Refused)
    own = {"X-Organization-Id": organization}
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    log = await world.client.get(
        f"{GRAPH}/callRecords/getPstnBlockedUsersLog(fromDateTime=2026-11-01,toDateTime={soon})", headers=own
    )
    rows = log.json()["value"]
    assert [row["userBlockMode"] for row in rows] == ["blocked", "unblocked"]
    assert {row["userPrincipalName"] for row in rows} == {"sales@example.com"}
    assert all(row["userId"] in user.values() for row in rows)
    assert all(row["blockReason"] for row in rows)
    balance = (await world.client.get(f"{GRAPH}/credits/balance", headers=own)).json()
    assert (balance["available"], balance["currency"]) == (500, "EUR")
    (fund,) = (await world.client.get(f"{GRAPH}/credits/funds", headers=own)).json()["value"]
    assert fund["available"] == 500
