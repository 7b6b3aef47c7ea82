"""A directory that speaks SCIM: users and groups come and go, licences follow, and nobody else's are touched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from commcredits.core.outcomes import Done
from commcredits.edges.http.administration.app import administration_app
from commcredits.operations.api_keys import NewApiKey, create_api_key
from commcredits.operations.key_terms import KeyTerms
from commcredits.operations.licences import set_purchased
from tests.operations.office import Office, open_office

JSON = {"Content-Type": "application/scim+json"}
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
TELEPHONY = "urn:commcredits:scim:schemas:extension:telephony:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(kw_only=True)
class Directory:
    """A directory that has a key for one organization."""

    office: Office
    app: FastAPI
    organization_id: str
    secret: str
    client: httpx.AsyncClient

    async def add_user(self, user_name: str, **fields: Any) -> dict[str, Any]:
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name, **fields}
        return await self._made("/Users", body)

    async def add_group(self, name: str, *members: str) -> dict[str, Any]:
        body = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": [{"value": each} for each in members],
        }
        return await self._made("/Groups", body)

    async def patch(self, path: str, *operations: dict[str, Any]) -> httpx.Response:
        return await self.client.patch(path, json={"schemas": [PATCH], "Operations": list(operations)}, headers=JSON)

    async def licences(self, party_id: str) -> set[str]:
        row = await self.office.services.pool.fetchval("select licences from parties where party_id = $1", party_id)
        return set(row)

    async def _made(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.post(path, json=body, headers=JSON)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@asynccontextmanager
async def opened(database_url: str, *scopes: str, scim: bool = True) -> AsyncIterator[Directory]:
    async with open_office(database_url) as office:
        terms = KeyTerms(scim=scim, group_licences={"telephony": ("MCOPSTN1", "MCOPSTNC")})
        office.services = replace(office.services, keys=terms)
        organization_id = (await office.organization()).organization_id
        for code in ("MCOPSTN1", "MCOMEETADV"):
            bought = await set_purchased(
                office.services, organization_id=organization_id, licence=code, country="", quantity=2
            )
            assert isinstance(bought, Done), bought
        made = await create_api_key(
            office.services, organization_id=organization_id, name="Directory", scopes=scopes or ("users.write",)
        )
        assert isinstance(made, NewApiKey), made
        app = administration_app(
            office.services, operator_token=SecretStr("the-operators-token"), charging_address=None
        )
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url=f"http://administration/scim/v2/{organization_id}",
            headers={"Authorization": f"Bearer {made.secret}"},
        )
        async with client:
            yield Directory(office=office, app=app, organization_id=organization_id, secret=made.secret, client=client)


@pytest.fixture
async def directory(database_url: str) -> AsyncIterator[Directory]:
    async with opened(database_url) as found:
        yield found


async def test_a_user_comes_is_found_changed_switched_off_and_removed(directory: Directory) -> None:
    made = await directory.add_user(
        "Front.Desk@example.com",
        name={"givenName": "Ana", "familyName": "Pop"},
        externalId="a-1",
        **{ENTERPRISE: {"department": "Sales"}, TELEPHONY: {"usageLocation": "DE"}},
    )
    assert (made["displayName"], made["active"], made[ENTERPRISE]["department"]) == ("Ana Pop", True, "Sales")
    for text in (
        'userName eq "front.desk@example.com"',
        'externalId eq "a-1"',
        f'id eq "{made["id"]}"',
        'userName sw "front" and active eq true',
        'displayName co "pop"',
    ):
        found = (await directory.client.get("/Users", params={"filter": text})).json()
        assert [each["id"] for each in found["Resources"]] == [made["id"]], text
    assert (await directory.client.get("/Users", params={"filter": 'userName eq "x"'})).json()["totalResults"] == 0
    path = f"/Users/{made['id']}"
    changed = await directory.patch(path, {"op": "replace", "path": "displayName", "value": "Ana P."})
    assert (changed.status_code, changed.json()["displayName"], changed.json()["externalId"]) == (200, "Ana P.", "a-1")
    again = await directory.client.post("/Users", json={"schemas": made["schemas"], "userName": made["userName"]})
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    assert (await directory.client.delete(path)).status_code == 204
    assert (await directory.client.get(path)).status_code == 404
    assert (await directory.client.get(path)).json()["status"] == "404"


async def test_licences_come_and_go_with_groups_and_those_given_by_hand_stay(directory: Directory) -> None:
    ana, bob = [await directory.add_user(f"{name}@example.com") for name in ("ana", "bob")]
    group = await directory.add_group("Telephony", ana["id"])
    assert await directory.licences(ana["id"]) == {"MCOPSTN1", "MCOPSTNC"}
    path = f"/Groups/{group['id']}"
    await directory.patch(path, {"op": "add", "path": "members", "value": [{"value": bob["id"]}]})
    assert await directory.licences(bob["id"]) == {"MCOPSTN1", "MCOPSTNC"}
    conferencing = await directory.add_group("MCOMEETADV", bob["id"])
    assert "MCOMEETADV" in await directory.licences(bob["id"])
    carol = await directory.add_user("carol@example.com")
    short = await directory.patch(path, {"op": "add", "path": "members", "value": [{"value": carol["id"]}]})
    assert short.status_code == 409
    assert "licence_not_available" in short.json()["detail"]
    assert len((await directory.client.get(path)).json()["members"]) == 2
    removed = await directory.patch(path, {"op": "remove", "path": f'members[value eq "{bob["id"]}"]'})
    assert removed.status_code == 200, removed.text
    assert await directory.licences(bob["id"]) == {"MCOMEETADV"}
    assert (await directory.client.delete(f"/Groups/{conferencing['id']}")).status_code == 204
    assert await directory.licences(bob["id"]) == set()
    assert (await directory.client.get(f"/Users/{ana['id']}")).json()["groups"][0]["display"] == "Telephony"


async def test_whoever_is_switched_off_loses_the_licences_and_gets_those_of_groups_back(directory: Directory) -> None:
    ana = await directory.add_user("ana@example.com")
    await directory.add_group("Telephony", ana["id"])
    path = f"/Users/{ana['id']}"
    off = await directory.patch(path, {"op": "replace", "path": "active", "value": False})
    assert (off.json()["active"], await directory.licences(ana["id"])) == (False, set())
    await directory.patch(path, {"op": "replace", "value": {"active": True}})
    assert await directory.licences(ana["id"]) == {"MCOPSTN1", "MCOPSTNC"}


async def test_pages_are_bounded_and_whole(directory: Directory) -> None:
    for number in range(5):
        await directory.add_user(f"user.{number}@example.com")
    seen = []
    for start in (1, 3, 5):
        page = (await directory.client.get("/Users", params={"startIndex": start, "count": 2})).json()
        assert page["totalResults"] == 5
        seen += [each["userName"] for each in page["Resources"]]
    assert seen == [f"user.{number}@example.com" for number in range(5)]
    assert (await directory.client.get("/Users", params={"count": 0})).json()["totalResults"] == 5
    assert (await directory.client.get("/Users", params={"startIndex": "x"})).status_code == 400
    assert (await directory.client.get("/Users", params={"filter": "userName zz"})).json()[
        "scimType"
    ] == "invalidFilter"
    assert (await directory.client.get("/Users", params={"filter": "a" * 2_000})).status_code == 400


SCHEMAS = b'"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]'
NONSENSE = (
    (b"{", 400),
    (b"[" * 100_000, 400),
    (b"[]", 400),
    (b"{}", 400),
    (b"{" + SCHEMAS + b"}", 400),
    (b"{" + SCHEMAS + b', "userName": "no address"}', 400),
    (b"{" + SCHEMAS + b', "userName": "a@b.c", "active": 7}', 400),
    (b" " * 5_000_000, 413),
)


async def test_nonsense_is_refused_in_the_protocols_own_words(directory: Directory) -> None:
    for body, status in NONSENSE:
        answer = await directory.client.post("/Users", content=body, headers=JSON)
        assert answer.status_code == status, body[:100]
        assert answer.json()["schemas"] == [ERROR]
        assert answer.headers["content-type"] == "application/scim+json"


async def test_a_key_without_the_scope_or_of_another_organization_gets_nothing(database_url: str) -> None:
    async with opened(database_url, "users.read") as directory:
        other = (await directory.office.organization()).organization_id
        for path in ("/Users", "/Groups", "/ServiceProviderConfig", "/Schemas"):
            assert (await directory.client.get(path)).status_code == 403
            elsewhere = f"http://administration/scim/v2/{other}{path}"
            assert (await directory.client.get(elsewhere)).status_code == 404
            stranger = await directory.client.get(path, headers={"Authorization": "Bearer cck_no"})
            assert stranger.status_code == 401
            assert (stranger.json()["schemas"], stranger.json()["status"]) == ([ERROR], "401")
            assert stranger.headers["content-type"] == "application/scim+json"
            assert stranger.headers["www-authenticate"] == 'Bearer realm="commcredits", error="invalid_token"'


async def test_what_a_key_may_not_change_is_in_the_log_of_its_organization(database_url: str) -> None:
    async with opened(database_url, "users.read") as directory:
        other = (await directory.office.organization()).organization_id
        somebody = "019353b4-7c1e-7000-8000-000000000000"
        assert (await directory.client.post("/Users", json={})).status_code == 403
        assert (await directory.client.delete(f"/Groups/{somebody}")).status_code == 403
        elsewhere = f"http://administration/scim/v2/{other}/Users/{somebody}"
        assert (await directory.client.put(elsewhere, json={})).status_code == 404
        rows = await directory.office.services.pool.fetch(
            "select operation, subject, code from audit_entries where organization_id = $1 and outcome = 'denied'"
            " order by sequence",
            directory.organization_id,
        )
        assert [tuple(row) for row in rows] == [
            ("add_directory_user", "", "not_permitted"),
            ("remove_directory_group", somebody, "not_permitted"),
            ("change_directory_user", other, "unknown_organization"),
        ]


async def test_without_the_setting_there_is_nothing(database_url: str) -> None:
    async with opened(database_url, scim=False) as directory:
        assert (await directory.client.get("/Users")).status_code == 404
