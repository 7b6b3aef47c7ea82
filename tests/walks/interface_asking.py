"""Asking the call-record API and SCIM as anybody: whose organization is meant, bodies, and each one's own errors.

Knows how a request is made that gets as far as the question of permission, and what there is besides of the other
organization for each of them to keep to itself. Refuses to know which answer is right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import httpx
from starlette.routing import Mount, Route

from commcredits.core.commands import CallType, RecordCall, Service
from commcredits.core.money import format_micros
from commcredits.core.outcomes import Done, Recorded, Refused
from commcredits.edges.http.graph.app import GraphApi
from commcredits.operations.blocks import BlockRecord, set_block
from commcredits.operations.directory_groups import DirectoryGroup, GroupContent, add_directory_group
from commcredits.operations.directory_users import DirectoryUser, UserContent, add_directory_user, find_directory_users
from commcredits.operations.licences import AssignmentReport, assign_licences, set_purchased
from commcredits.operations.reports import list_lots, read_balance
from commcredits.operations.services import Services
from tests.operations.office import CALLEE, CALLER, new_id
from tests.walks.acting_requests import Api, filled
from tests.walks.foreign import PERSON, Foreign

LICENCE: Final = "MCOPSTN1"
GROUP: Final = "Zebra Switchboard"
GRAPH_ROOT: Final = "/graph/v1.0"
GRAPH_ROOTS: Final = (GRAPH_ROOT, "/graph/beta", "/graph", "/v1.0", "/beta", "")
PERIOD: Final = {"fromDateTime": "2026-11-01T00:00:00Z", "toDateTime": "2026-11-30T00:00:00Z"}

_SCHEMAS: Final = "urn:ietf:params:scim:schemas:core:2.0"
_MESSAGES: Final = "urn:ietf:params:scim:api:messages:2.0"


def graph_operations(api: Api) -> set[str]:
    """Every operation of the call-record API by the description that the application gives of itself."""
    return {f"{method} {path}" for method, path, _operation in api.operations() if path.startswith("/graph/")}


def graph_mounts(api: Api) -> set[str]:
    """Below which paths the application answers as the call-record API."""
    return {route.path for route in api.app.routes if isinstance(route, Mount) and isinstance(route.app, GraphApi)}


async def scim_operations(
    api: Api, client: httpx.AsyncClient, header: dict[str, str], organization_id: str
) -> set[str]:
    """Every operation of SCIM: the routes of the application, and whichever methods one of them does not turn away."""
    found = set()
    for route in api.app.routes:
        if not isinstance(route, Route) or not route.path.startswith("/scim/"):
            continue
        path = filled(route.path, {"organization_id": organization_id})
        for method in route.methods or ():
            if (await client.request(method, path, headers=header)).status_code != 405:
                found.add(f"{method} {route.path}")
    return found


async def ask_graph(
    client: httpx.AsyncClient, route: str, header: dict[str, str], *, root: str = GRAPH_ROOT, named: str = ""
) -> httpx.Response:
    """The answer of one spelling of a path; the organization is ``named`` in the query."""
    method, _, path = route.partition(" ")
    path = root + filled(path, PERIOD).removeprefix(GRAPH_ROOT)
    return await client.request(method, path, headers=header, params={"organization_id": named} if named else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What a directory names: an organization, a user and a group of it, and what such are called."""

    organization_id: str
    user_id: str
    group_id: str
    user_name: str
    group_name: str


async def ask_scim(
    client: httpx.AsyncClient, route: str, header: dict[str, str], directory: Directory, *, searched: bool = True
) -> httpx.Response:
    """The answer to an operation about what this directory names; lists are ``searched`` for that, or given whole."""
    method, _, path = route.partition(" ")
    is_user = "/Users" in path
    names = {
        "organization_id": directory.organization_id,
        "resource_id": directory.user_id if is_user else directory.group_id,
        "name": f"{_SCHEMAS}:User" if "/Schemas/" in path else "User",
        "rest": "Bulk",
    }
    sent: dict[str, Any] = {}
    if method in {"POST", "PUT", "PATCH"}:
        sent["json"] = _body(method, directory, is_user=is_user)
    elif searched and path.endswith("/Users"):
        sent["params"] = {"filter": f'userName eq "{directory.user_name}"'}
    elif searched and path.endswith("/Groups"):
        sent["params"] = {"filter": f'displayName eq "{directory.group_name}"'}
    return await client.request(method, filled(path, names), headers=header, **sent)


def _body(method: str, directory: Directory, *, is_user: bool) -> dict[str, Any]:
    members = [{"value": directory.user_id}]
    # What is added is another one than the one that everything else is about.
    prefix = "new." if method == "POST" else ""
    if method == "PATCH":
        change = {"path": "displayName", "value": "Walked"} if is_user else {"path": "members", "value": members}
        return {"schemas": [f"{_MESSAGES}:PatchOp"], "Operations": [{"op": "replace", **change}]}
    if is_user:
        return {"schemas": [f"{_SCHEMAS}:User"], "userName": f"{prefix}{directory.user_name}"}
    named = {"displayName": f"{prefix}{directory.group_name}", "members": members}
    return {"schemas": [f"{_SCHEMAS}:Group"], **named}


def is_graph_error(answer: httpx.Response) -> bool:
    """Whether a "no" has the shape that report tools read, with the code of its status."""
    if not answer.headers["content-type"].startswith("application/json"):
        return False
    codes = {400: "BadRequest", 401: "InvalidAuthenticationToken", 403: "Forbidden", 404: "ResourceNotFound"}
    codes[405] = "MethodNotAllowed"
    error = answer.json().get("error", {})
    return error.get("code") == codes.get(answer.status_code) and bool(error["message"] and error["innerError"])


def is_scim_error(answer: httpx.Response) -> bool:
    """Whether a "no" is SCIM's Error, with its status (RFC 7644 §3.12)."""
    if answer.headers["content-type"] != "application/scim+json":
        return False
    told = answer.json()
    return bool(told["schemas"] == [f"{_MESSAGES}:Error"] and told["status"] == str(answer.status_code))


async def plant_directory(services: Services, organization_id: str, name: str, group: str) -> Directory:
    """A user and a group of an organization, and what they are called; a user of that name may be there already."""
    found = await find_directory_users(services, organization_id=organization_id, user_name=name)
    assert not isinstance(found, Refused), found
    user: DirectoryUser | Refused
    if found.users:
        (user,) = found.users
    else:
        content = UserContent(user_name=name, display_name=name.partition("@")[0])
        user = await add_directory_user(services, organization_id=organization_id, content=content)
    assert isinstance(user, DirectoryUser), user
    members = GroupContent(display_name=group, members=(user.party_id,))
    made = await add_directory_group(services, organization_id=organization_id, content=members)
    assert isinstance(made, DirectoryGroup), made
    return Directory(
        organization_id=organization_id,
        user_id=user.party_id,
        group_id=made.group_id,
        user_name=name,
        group_name=group,
    )


async def plant_records(services: Services, foreign: Foreign) -> Foreign:
    """Something of the other organization in each answer of the call-record API, and how it would be recognised."""
    there = foreign.organization_id
    block = await set_block(services, organization_id=there, command_id=new_id(), kind="user", subject=PERSON)
    call = RecordCall(
        organization_id=there,
        record_id="zebra-conference",
        service=Service.CONFERENCE_DIAL_OUT,
        call_type=CallType.CONF_OUT,
        caller=CALLER,
        callee=CALLEE,
        started_at=services.clock() - timedelta(minutes=5),
        duration_seconds=37,
        user=PERSON,
    )
    assert isinstance(block, BlockRecord), block
    assert isinstance(await services.executor.execute(call), Recorded)
    bought = await set_purchased(services, organization_id=there, licence=LICENCE, country="", quantity=1)
    assert isinstance(bought, Done), bought
    assigned = await assign_licences(services, organization_id=there, users=[PERSON], licences=[LICENCE])
    assert isinstance(assigned, AssignmentReport), assigned
    assert assigned.written
    lots = await list_lots(services, organization_id=there)
    balance = await read_balance(services, organization_id=there)
    assert not isinstance(lots, Refused), lots
    assert not isinstance(balance, Refused), balance
    secrets = (*foreign.secrets, LICENCE, lots[0].lot_id, format_micros(balance.available_micros))
    return replace(foreign, secrets=secrets)
