"""Requests to both interfaces as anybody: an actor for each role behind the real doors, and a request for each route.

Knows how a request of a route is made that gets as far as the question of permission: valid parameters, the example
of a body, a form's token. Refuses to know which answer is right.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from commcredits.core.access import Actor, ActorKind, Permission, Role, permissions_of
from commcredits.edges.http.administration.access import Guard
from commcredits.edges.http.administration.app import administration_app
from commcredits.edges.http.graph.app import GraphApi
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.door import FORM_TOKEN
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.services import Services
from commcredits.operations.visits import Entrant, Way
from commcredits.storage.identifiers import OPERATOR_ID
from tests.edges.portal.memory_visits import MemoryVisits
from tests.edges.portal.visitor import TOKEN, forms_of

JSON: Final = "application/json"
_PARAMETER: Final = re.compile(r"\{([A-Za-z_]+)(?::[a-z]+)?\}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Whoever asks: their role, and the organization that they belong to; None for the operator's people."""

    role: Role
    organization_id: str | None

    @property
    def actor(self) -> Actor:
        """As a program with a key."""
        return Actor(
            kind=ActorKind.KEY,
            actor_id=f"key:{self.role.value}",
            name=self.role.value,
            permissions=permissions_of((self.role,)),
            organization_id=self.organization_id,
            roles=(self.role,),
            edge="api",
        )

    def may(self, asked: tuple[str, ...]) -> bool:
        """Whether they hold all of these permissions; what is the operator's, nobody of an organization holds."""
        is_operators = any(Permission(each).is_operators for each in asked)
        return permissions_of((self.role,)).issuperset(asked) and not (is_operators and self.organization_id)


@dataclass(slots=True)
class Doorkeeper:
    """Knows bearer tokens by heart, where the real one asks the database."""

    actors: dict[bytes, Actor] = field(default_factory=dict)

    def admit(self, name: str, actor: Actor) -> dict[str, str]:
        """The header of somebody who is let in from now on."""
        self.actors[f"Bearer {name}".encode()] = actor
        return {"Authorization": f"Bearer {name}"}

    async def actor_of(self, authorization: bytes, _source: str) -> Actor | None:
        """Whoever this is."""
        return self.actors.get(authorization)


@dataclass(frozen=True, slots=True)
class Api:
    """The administration API behind a doorkeeper of ours, and its description."""

    app: FastAPI
    keeper: Doorkeeper
    document: Mapping[str, Any]

    def operations(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Method, path and description of each operation, but for the charging process's."""
        return [
            (method.upper(), path, operation)
            for path, operations in self.document["paths"].items()
            for method, operation in operations.items()
            if operation["tags"] != ["Charging"]
        ]

    def request(
        self, method: str, path: str, operation: Mapping[str, Any], names: Mapping[str, str]
    ) -> tuple[str, str, dict[str, Any]]:
        """What to send so that nothing but permission is in question, with these values of parameters."""
        query: dict[str, str] = {}
        headers: dict[str, str] = {}
        for parameter in operation.get("parameters", ()):
            if parameter.get("required") and parameter["in"] in {"query", "header"}:
                place = query if parameter["in"] == "query" else headers
                place[parameter["name"]] = self._example(parameter, names)
        sent: dict[str, Any] = {"params": query, "headers": headers}
        content = operation.get("requestBody", {}).get("content", {})
        if JSON in content:
            schema = self._resolved(content[JSON]["schema"])
            sent["json"] = schema["examples"][0]
        elif content:
            (media_type, *_others) = content
            headers["Content-Type"] = media_type
            sent["content"] = b"x=1" if media_type.endswith("urlencoded") else b"a,b\n1,2\n"
        return method, filled(path, names), sent

    def _example(self, parameter: Mapping[str, Any], names: Mapping[str, str]) -> str:
        name = parameter["name"]
        if name in names:
            return names[name]
        schema = self._resolved(parameter["schema"])
        if "enum" in schema:
            return str(schema["enum"][0])
        return _EXAMPLES.get(name, "1")

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" in schema:
            found: Mapping[str, Any] = self.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            return found
        return schema


_EXAMPLES: Final = {
    "from": "2026-01-01T00:00:00Z",
    "to": "2026-02-01T00:00:00Z",
    "fromDateTime": "2026-01-01T00:00:00Z",
    "toDateTime": "2026-02-01T00:00:00Z",
    "at": "2026-01-01T00:00:00Z",
    "first_day": "2026-11-01",
    "last_day": "2026-11-02",
    "Idempotency-Key": "walk",
    "currency": "EUR",
    "name": "Walk",
    "number": "+40212345678",
    "caller": "+40212345678",
    "callee": "+442079460000",
    "service": "outbound",
}


def filled(path: str, names: Mapping[str, str]) -> str:
    """The path with the names in their places; what has no name is an id that nothing has."""
    return _PARAMETER.sub(lambda found: names.get(found[1], "019353b4-7c1e-7000-8000-000000000000"), path)


async def api_of(services: Services) -> Api:
    """The API over these services."""
    app = administration_app(services, operator_token=SecretStr("unused"), charging_address=None)
    keeper = Doorkeeper()
    assert [each.cls.__name__ for each in app.user_middleware] == [Guard.__name__]  # type: ignore[attr-defined]  # a factory is a class here
    app.user_middleware = [Middleware(Guard, keys=keeper, services=services)]
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, GraphApi):
            route.app = GraphApi(keeper, services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        document = (await client.get("/v1/openapi.json")).json()
    return Api(app=app, keeper=keeper, document=document)


@dataclass(frozen=True, slots=True)
class Portal:
    """The portal with visits of ours."""

    app: Starlette
    routes: tuple[Route, ...]
    visits: MemoryVisits

    def operations(self) -> list[tuple[str, str]]:
        """Method and pattern of each address."""
        found = []
        for route in self.routes:
            methods = (route.methods or set()) - {"HEAD"}
            found += [(method, route.path) for method in sorted(methods)]
        return found

    async def enter(self, sender: Sender) -> str:
        """The cookie of somebody with this role, who has just signed in."""
        entrant = Entrant(
            organization_id=sender.organization_id or OPERATOR_ID,
            administrator_id="019353b4-7c1e-7000-8000-00000000000a",
            roles=(sender.role,),
            way=Way.TOKEN,
        )
        secret = await self.visits.begin(entrant, None)  # type: ignore[arg-type]  # the memory does not look at it
        return f"2.{secret}"


def portal_of(services: Services) -> Portal:
    """The portal over these services."""
    settings = PortalSettings(
        operator_token=TOKEN, live_seconds=600, idle_seconds=10**6, visit_seconds_max=10**6, secure_cookies=False
    )
    visits = MemoryVisits(settings, services.clock)
    stopped = asyncio.Event()
    stopped.set()  # streams end with what there is at once
    portal = portal_app(
        lambda page: ServicesForPortal(page.services),
        settings,
        now=services.clock,
        services=services,
        visits=visits,
        stopping=stopped,
    )
    inside: object = portal
    while not isinstance(inside, Starlette):
        inside = next(value for name, value in vars(inside).items() if name in {"app", "_app"})
    routes = tuple(route for route in inside.router.routes if isinstance(route, Route))
    return Portal(app=Starlette(routes=[Mount("/portal", portal)]), routes=routes, visits=visits)


@asynccontextmanager
async def browser_of(portal: Portal, cookie: str = "") -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A browser with this visit, and the token of its forms."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(portal.app, raise_app_exceptions=False),
        base_url="http://portal",
        cookies={"commcredits_portal": cookie} if cookie else {},
        headers={"Accept-Language": "en"},
    ) as client:
        page = await client.get("/portal/no-such-page")
        yield client, forms_of(page.text)[0].fields[FORM_TOKEN]
