"""Every operation of the call-record API and of SCIM as everybody: what a role may do is done, and all else refused.

The same walk as that of the administration API, in the words of each interface: in one's own organization with one's
own things and with those of another one, in that other organization, and as nobody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from commcredits.core.access import Role
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.graph.requests import Resource
from tests.operations.office import open_office
from tests.walks.acting_requests import Sender
from tests.walks.foreign import PERSON, leaked
from tests.walks.interface_asking import (
    GRAPH_ROOTS,
    GROUP,
    Directory,
    ask_graph,
    ask_scim,
    graph_mounts,
    graph_operations,
    is_graph_error,
    is_scim_error,
    plant_directory,
    plant_records,
    scim_operations,
)
from tests.walks.other_routes import GRAPH_ROUTES, SCIM_ROUTES
from tests.walks.test_api_roles import Place, acts_by_name, place_of, senders, who_acted_and_was_permitted

NOBODY: Final[tuple[dict[str, str], ...]] = ({}, {"Authorization": "Bearer somebody"}, {"Authorization": "somebody"})
DONE: Final = {200, 201, 204}
ADDS_A_USER: Final = "POST /scim/v2/{organization_id}/Users"
"""Names nothing that there is."""


@dataclass(frozen=True, slots=True)
class Walker:
    """The place, and the one client that asks there."""

    place: Place
    client: httpx.AsyncClient

    def admit(self, role: Role) -> tuple[Sender, dict[str, str]]:
        """Somebody with this role, and the header that lets them in."""
        (sender,) = [each for each in senders(self.place.own) if each.role is role]
        return sender, self.place.api.keeper.admit(role.value, sender.actor)


@pytest_asyncio.fixture
async def walker(database_url: str) -> AsyncIterator[Walker]:
    """See place_of."""
    async with open_office(database_url) as office:
        place = await place_of(office)
        transport = httpx.ASGITransport(place.api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            yield Walker(place, client)


def _unlike(routes: set[str], table: dict[str, Any]) -> list[str]:
    """Operations without a line, and lines without an operation."""
    wrong = [f"{route} has no line" for route in routes - set(table)]
    return wrong + [f"{route} is no operation" for route in set(table) - routes]


def _wrong(
    said: str, answer: httpx.Response, expected: set[int], is_error: Callable[[httpx.Response], bool]
) -> list[str]:
    wrong = [] if answer.status_code in expected else [f"{said}: {answer.status_code}, expected {expected}"]
    if answer.status_code >= 400 and not is_error(answer):
        wrong.append(f"{said}: {answer.status_code} is told in words of another interface: {answer.text[:100]}")
    return wrong


@pytest.mark.slow
async def test_call_records_are_shown_to_whoever_may_see_them_and_to_nobody_else(walker: Walker) -> None:
    foreign = await plant_records(walker.place.services, walker.place.foreign)
    walker = replace(walker, place=replace(walker.place, foreign=foreign))
    routes = graph_operations(walker.place.api)
    wrong = _unlike(routes, GRAPH_ROUTES)
    wrong += [f"{each} is described nowhere" for each in Resource if not any(each.value in route for route in routes)]
    reached = {mount for mount in graph_mounts(walker.place.api) for root in GRAPH_ROOTS if _is_below(root, mount)}
    assert reached == graph_mounts(walker.place.api)
    assert not wrong, "\n".join(wrong)
    for role in Role:
        sender, header = walker.admit(role)
        for route, asked in GRAPH_ROUTES.items():
            for root in GRAPH_ROOTS:
                wrong += await _show(walker, sender, header, route, root, may=sender.may(asked))
    _owner, header = walker.admit(Role.OPERATOR_OWNER)
    for route in GRAPH_ROUTES:
        shown = await ask_graph(walker.client, route, header, named=foreign.organization_id)
        if not leaked(shown, foreign, ""):
            wrong.append(f"{route} has nothing of the other organization that anybody would recognise")
        other_method = await ask_graph(walker.client, route.replace("GET", "POST"), header, named=walker.place.own)
        wrong += _wrong(route.replace("GET", "POST"), other_method, {405}, is_graph_error)
        for nobody in NOBODY:
            for root in GRAPH_ROOTS:
                answer = await ask_graph(walker.client, route, nobody, root=root, named=foreign.organization_id)
                wrong += _wrong(f"nobody {root} {route}", answer, {401}, is_graph_error)
                wrong += leaked(answer, foreign, f"nobody {root} {route}")
    assert not wrong, "\n".join(wrong)


def _is_below(root: str, mount: str) -> bool:
    return f"{root}/communications/".startswith(f"{mount}/")


async def _show(
    walker: Walker, sender: Sender, header: dict[str, str], route: str, root: str, *, may: bool
) -> list[str]:
    """What is wrong with the answers of one path at home, where it is named and where it is not, and abroad."""
    own, foreign = walker.place.own, walker.place.foreign
    said = f"{sender.role.value} {root} {route}"
    at_home = {200} if may else {403}
    named = await ask_graph(walker.client, route, header, root=root, named=own)
    unnamed = await ask_graph(walker.client, route, header, root=root)
    wrong = _wrong(said, named, at_home, is_graph_error)
    wrong += _wrong(f"{said} unnamed", unnamed, {400} if sender.organization_id is None else at_home, is_graph_error)
    if sender.organization_id is None:
        return wrong
    for answer in (named, unnamed):
        wrong += leaked(answer, foreign, said)
    there = foreign.organization_id
    for way, headers, query in (
        ("in the query", header, there),
        ("in the header", {**header, "X-Organization-Id": there}, ""),
        ("in both", {**header, "X-Organization-Id": there}, there),
        ("in the header, one's own in the query", {**header, "X-Organization-Id": there}, own),
    ):
        answer = await ask_graph(walker.client, route, headers, root=root, named=query)
        expected = {400} if query == own else {404}
        wrong += _wrong(f"{said} abroad {way}", answer, expected, is_graph_error)
        wrong += leaked(answer, foreign, f"{said} abroad {way}")
    return wrong


@pytest.mark.slow
async def test_a_directory_does_what_its_key_may_and_nothing_else(walker: Walker) -> None:
    place = walker.place
    foreign = await plant_directory(place.services, place.foreign.organization_id, PERSON, GROUP)
    secrets = (*place.foreign.secrets, PERSON, GROUP, foreign.user_id, foreign.group_id)
    walker = replace(walker, place=replace(place, foreign=replace(place.foreign, secrets=secrets)))
    _owner, header = walker.admit(Role.OPERATOR_OWNER)
    wrong = _unlike(await scim_operations(place.api, walker.client, header, place.own), SCIM_ROUTES)
    assert not wrong, "\n".join(wrong)
    before = await _seen(walker, header, foreign)
    assert all(GROUP in each or PERSON in each for each in before), "nobody would recognise what is the other's"
    for role in Role:
        own = await plant_directory(place.services, place.own, f"{role.value}@own.example", f"Own {role.value}")
        for route, asked in SCIM_ROUTES.items():
            wrong += await _direct(walker, role, route, asked, own, foreign)
    for route in SCIM_ROUTES:
        for nobody in NOBODY:
            answer = await ask_scim(walker.client, route, nobody, foreign)
            wrong += _wrong(f"nobody {route}", answer, {401}, is_scim_error)
            wrong += leaked(answer, walker.place.foreign, f"nobody {route}")
    assert not wrong, "\n".join(wrong)
    assert await _seen(walker, header, foreign) == before
    may = {Role.GLOBAL_ADMINISTRATOR, Role.USER_ADMINISTRATOR, Role.OPERATOR_OWNER}
    assert await who_acted_and_was_permitted(place) == may
    await _whatever_was_barred_stands_in_the_log_of_whoever_asked(place, barred=set(Role) - may)


async def _direct(
    walker: Walker, role: Role, route: str, asked: tuple[str, ...], own: Directory, foreign: Directory
) -> list[str]:
    """What is wrong with the answers of one operation about one's own, and about another's at home and abroad."""
    sender, header = walker.admit(role)
    may, is_nothing = sender.may(asked), "{rest" in route
    said = f"{role.value} {route}"
    answer = await ask_scim(walker.client, route, header, own, searched=False)
    wrong = _wrong(said, answer, {403} if not may else {404} if is_nothing else DONE, is_scim_error)
    wrong += [] if sender.organization_id is None else leaked(answer, walker.place.foreign, said)
    is_unknown = is_nothing or "{resource_id}" in route or ("/Groups" in route and not route.startswith("GET"))
    at_home = {403} if not may else {404} if is_unknown else {200}
    asked_about = []
    if route != ADDS_A_USER:
        asked_about.append(("at home", replace(foreign, organization_id=own.organization_id), at_home))
    if "/Groups" in route and not route.startswith(("GET", "DELETE")):
        mixed = replace(own, user_id=foreign.user_id, group_name=f"Mixed {own.group_name}")
        asked_about.append(("in one's own group", mixed, at_home))
    if sender.organization_id is not None:
        asked_about.append(("abroad", foreign, {404}))
    for where, directory, expected in asked_about:
        answer = await ask_scim(walker.client, route, header, directory)
        wrong += _wrong(f"{said}, another's {where}", answer, expected, is_scim_error)
        if sender.organization_id is not None:
            wrong += leaked(answer, walker.place.foreign, f"{said}, another's {where}")
    return wrong


async def _seen(walker: Walker, header: dict[str, str], directory: Directory) -> list[str]:
    """All that the operator sees of a directory's users and groups."""
    routes = [each for each in SCIM_ROUTES if each.startswith("GET") and ("/Users" in each or "/Groups" in each)]
    answers = [await ask_scim(walker.client, each, header, directory) for each in routes]
    assert {each.status_code for each in answers} == {200}
    return [each.text for each in answers]


async def _whatever_was_barred_stands_in_the_log_of_whoever_asked(place: Place, *, barred: set[Role]) -> None:
    """Each act that a role may not do was written down where that role belongs, and never in the other's log."""
    rows: Any = await place.services.pool.fetch(
        "select distinct organization_id, actor_name, operation, code from audit_entries where outcome = 'denied'"
    )
    acts = {each for each in acts_by_name() if each.endswith(("_directory_user", "_directory_group"))}
    assert len(acts) == 6
    wanted = {(row["actor_name"], row["operation"]) for row in rows if row["code"] == RefusalCode.NOT_PERMITTED}
    assert wanted == {(role.value, act) for role in barred for act in acts}
    assert place.foreign.organization_id not in {str(row["organization_id"]) for row in rows}
