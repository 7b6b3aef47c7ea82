"""Every path of the administration API as everybody: what a role may do is done, and all else is refused.

Each request goes to one's own organization with the ids of another one's things, and to that other organization:
nothing of it may come back.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from commcredits import operations
from commcredits.core.access import Permission, Role, permissions_of
from commcredits.gateways.bank_transfer.gateway import open_bank_transfer
from commcredits.operations.key_terms import KeyTerms
from commcredits.operations.permitting import ACT, PERMISSION
from commcredits.operations.services import Services
from commcredits.operations.telling_terms import TellingTerms
from tests.operations.office import Office, new_id, open_office
from tests.walks.acting_requests import Api, Sender, api_of
from tests.walks.api_routes import API_ROUTES
from tests.walks.foreign import Foreign, leaked, plant_foreign

_VALUES: Final = {"licence": "MCOPSTN1", "month": "2026-11", "replaces": "019353b4-7c1e-7000-8000-000000000000"}
ORGANIZATIONS: Final = "/organizations/{organization_id}"
NEVER_SENT: Final = {"GET /v1/health"}
"""What is asked for elsewhere, for it says how the whole installation is."""


@dataclass(frozen=True, slots=True)
class Place:
    """The API, an organization that most roles belong to, and another one."""

    api: Api
    services: Services
    own: str
    foreign: Foreign


async def _a_public_address(_host: str, _port: int) -> tuple[str, ...]:
    return ("93.184.215.14",)


async def place_of(office: Office) -> Place:
    """Two organizations, one of them with everything that must not be seen."""
    services = replace(
        office.services,
        gateways={"bank_transfer": open_bank_transfer({"account": "RO49 AAAA 1B31 0075 9384 0000"})},
        telling=TellingTerms(resolve=_a_public_address),
        keys=KeyTerms(scim=True),
    )
    own = (await office.organization("Own")).organization_id
    return Place(api=await api_of(services), services=services, own=own, foreign=await plant_foreign(services, office))


async def _ask(place: Place, header: dict[str, str], route: str, organization_id: str) -> httpx.Response:
    method, _, path = route.partition(" ")
    operation = place.api.document["paths"][path][method.lower()]
    names = {**place.foreign.names, "organization_id": organization_id, **_VALUES}
    if "/receipts/" in path:
        names["number"] = place.foreign.names.get("receipt", "A-000001")
    method, path, sent = place.api.request(method, path, operation, names)
    headers = {**sent.pop("headers"), **header}
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = new_id()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(place.api.app), base_url="http://api") as client:
        return await client.request(method, path, headers=headers, **sent)


def _code(answer: httpx.Response) -> str:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return ""
    return str(answer.json()["code"])


def _wrong(route: str, sender: Sender, answer: httpx.Response, expected: set[tuple[int, str]] | None) -> list[str]:
    """What is wrong with an answer; ``expected`` None is anything but a "no" for lack of permission."""
    found = (answer.status_code, _code(answer))
    said = f"{sender.role.value} {route}: {found}"
    # Busy is a limit that an earlier request has reached: whoever hears it was let in.
    if (answer.status_code >= 500 and found[1] != "busy") or (
        expected is None and found in {(403, "not_permitted"), (401, "unauthorised")}
    ):
        return [said]
    if expected is not None and found not in expected:
        return [f"{said}, expected {expected}"]
    return []


def senders(own: str) -> list[Sender]:
    """Somebody with each role."""
    return [Sender(role, None if role.is_operators else own) for role in Role]


@pytest_asyncio.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    """See place_of."""
    async with open_office(database_url) as office:
        yield await place_of(office)


@pytest.mark.slow
async def test_everybody_may_do_what_their_permissions_say_and_nothing_else(place: Place) -> None:
    routes = {f"{method} {path}" for method, path, _operation in place.api.operations() if path.startswith("/v1/")}
    wrong = [f"{route} has no line" for route in routes - set(API_ROUTES)]
    wrong += [f"{route} is no path" for route in set(API_ROUTES) - routes if " /v1/" in route]
    assert not wrong, "\n".join(wrong)
    for sender in senders(place.own):
        header = place.api.keeper.admit(sender.role.value, sender.actor)
        for route, asked in API_ROUTES.items():
            if asked is not None and route not in NEVER_SENT:
                wrong += await _at_home(place, sender, header, route, asked)
            if asked and ORGANIZATIONS in route and sender.organization_id is not None:
                wrong += await _abroad(place, sender, header, route, asked)
    for header in ({}, {"Authorization": "Bearer somebody"}):
        for route, asked in API_ROUTES.items():
            answer = None if asked is None else await _ask(place, header, route, place.own)
            if answer is not None and answer.status_code != 401:
                wrong.append(f"nobody {route}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)
    assert await who_acted_and_was_permitted(place) >= {Role.OPERATOR_OWNER, Role.BILLING_ADMINISTRATOR}


async def _at_home(
    place: Place, sender: Sender, header: dict[str, str], route: str, asked: tuple[str, ...]
) -> list[str]:
    answer = await _ask(place, header, route, place.own)
    wrong = _wrong(route, sender, answer, None if sender.may(asked) else {(403, "not_permitted")})
    if sender.organization_id is None:
        return wrong
    # What one's own people asked for stands in one's own log, ids of others included.
    named = place.foreign if "/audit" not in route else replace(place.foreign, names={}, organization_id="")
    return wrong + leaked(answer, named, f"{sender.role.value} {route}")


async def _abroad(
    place: Place, sender: Sender, header: dict[str, str], route: str, asked: tuple[str, ...]
) -> list[str]:
    answer = await _ask(place, header, route, place.foreign.organization_id)
    # What is the operator's may be refused before anybody looks for an organization.
    expected = {(404, "unknown_organization")} | ({(403, "not_permitted")} if _is_operators(asked) else set())
    where = f"{sender.role.value} abroad {route}"
    return _wrong(route, sender, answer, expected) + leaked(answer, place.foreign, where)


def _is_operators(asked: tuple[str, ...]) -> bool:
    return any(Permission(each).is_operators for each in asked)


async def who_acted_and_was_permitted(place: Place) -> set[Role]:
    """Whatever was done, the log tells, and whoever did it had a role that may: these are the roles that did."""
    rows: Any = await place.services.pool.fetch(
        "select distinct actor_name, operation from audit_entries where outcome = 'done'"
    )
    permissions = acts_by_name()
    wrong = [
        (row["actor_name"], row["operation"])
        for row in rows
        if permissions[row["operation"]] not in permissions_of((Role(row["actor_name"]),))
    ]
    assert wrong == []
    return {Role(row["actor_name"]) for row in rows}


def acts_by_name() -> dict[str, Permission]:
    """The permission of each act, by the name that the log has for it."""
    found: dict[str, Permission] = {}
    for module in pkgutil.iter_modules(operations.__path__):
        for name, value in vars(importlib.import_module(f"commcredits.operations.{module.name}")).items():
            if getattr(value, ACT, False):
                found[name] = getattr(value, PERMISSION)
    return found
