"""The paths of SCIM below /scim/v2/{organization}: users, groups, and what the service can do.

Knows requests and their answers. Refuses what it does not say it can: bulk, sorting, passwords, versions of resources.
Bodies, pages and searches are bounded.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    ListResponse,
    Patch,
    PatchOp,
    Resource,
    ResourceType,
    ResponseParameters,
    Schema,
    SCIMException,
    ScimFilter,
    ServiceProviderConfig,
    Sort,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commcredits.core.access import Permission
from commcredits.edges.http.administration.bodies import read_body
from commcredits.edges.http.administration.refusing import ProblemError
from commcredits.edges.http.scim import models
from commcredits.edges.http.scim.answering import ScimRefusal, answer, error_answer, taken
from commcredits.edges.http.scim.membership import check_patch, patched_group
from commcredits.edges.http.scim.models import Group, OurUser
from commcredits.operations import directory_groups, directory_users
from commcredits.operations.directory_users import SEARCHED_MAX
from commcredits.operations.services import Services

ROOT: Final = "/scim/v2/{organization_id}"
BODY_BYTES_MAX: Final = 4 * 1_024 * 1_024
PAGE_MAX: Final = 200
PAGE_DEFAULT: Final = 100
FILTER_CHARACTERS_MAX: Final = 1_000

_EQUALS: Final = re.compile(r'\s*(userName|displayName|externalId|id)\s+eq\s+"([^"\\]*)"\s*', re.IGNORECASE)
_NAMES: Final = {"username": "user_name", "displayname": "display_name", "externalid": "external_id"}
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_WHOLE: Final = re.compile(r"-?[0-9]{1,9}", re.ASCII)

Answer = Callable[[Request, Services, str, str], Awaitable[Response]]
"""A path's own work: the request, the services of whoever asks, the organization, and the address of its service."""

Act = Callable[[Services, str, str], Awaitable[Any]]
"""What a method of a path does, as somebody asks for it who may not: of an organization, about something by its id."""


def scim_routes(origin: str) -> list[BaseRoute]:
    """The routes; ``origin`` is where the installation is reached."""

    def path(end: str, take: Answer, *methods: str, **acts: Act) -> Route:
        endpoint = _guarded(take, origin, frozenset({*methods, *acts}), acts)
        return Route(ROOT + end, endpoint, methods=list(_METHODS), include_in_schema=False)

    users, groups = directory_users, directory_groups
    change_user = _barred(users.change_directory_user, "party_id", content=None)
    remove_user = _barred(users.remove_directory_user, "party_id")
    change_group = _barred(groups.change_directory_group, "group_id", content=None)
    remove_group = _barred(groups.remove_directory_group, "group_id")
    return [
        path("/ServiceProviderConfig", _config, "GET"),
        path("/ResourceTypes", _resource_types, "GET"),
        path("/ResourceTypes/{name}", _resource_types, "GET"),
        path("/Schemas", _schemas, "GET"),
        path("/Schemas/{name}", _schemas, "GET"),
        path("/Users", _users, "GET", POST=_barred(users.add_directory_user, content=None)),
        path("/Users/{resource_id}", _user, "GET", PUT=change_user, PATCH=change_user, DELETE=remove_user),
        path("/Groups", _groups, "GET", POST=_barred(groups.add_directory_group, content=None)),
        path("/Groups/{resource_id}", _group, "GET", PUT=change_group, PATCH=change_group, DELETE=remove_group),
        path("/{rest:path}", _nothing, *_METHODS),
    ]


def _barred(operation: Callable[..., Awaitable[Any]], id_name: str = "", **given: Any) -> Act:
    """The act of an operation, whose parameter ``id_name`` is the id. It never begins: what else it takes is None."""

    async def act(services: Services, organization_id: str, resource_id: str) -> Any:
        about = {id_name: resource_id} if id_name else {}
        return await operation(services, organization_id=organization_id, **about, **given)

    return act


def _guarded(
    take: Answer, origin: str, methods: frozenset[str], acts: Mapping[str, Act]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        services = request.state.services
        organization_id = request.path_params["organization_id"]
        try:
            if request.method in acts and not services.actor.may(Permission.USERS_WRITE, organization_id):
                # The act itself refuses, before it begins, and so the audit log tells that somebody wanted it.
                resource_id = request.path_params.get("resource_id", "")
                taken(await acts[request.method](services, organization_id, resource_id))
            # Also what asks no operation is for those alone who may ask one.
            taken(await directory_users.find_directory_users(services, organization_id=organization_id, limit=0))
            if request.method not in methods:
                return error_answer(ScimRefusal(405, "This path does not take this method."))
            return await take(request, services, organization_id, f"{origin}/scim/v2/{organization_id}")
        except (ScimRefusal, SCIMException, ValidationError) as error:
            return error_answer(error)
        except ProblemError as error:
            return error_answer(ScimRefusal(error.problem.status, str(error.problem.document["detail"])))

    return endpoint


async def _nothing(request: Request, _services: Services, _organization_id: str, _root: str) -> Response:
    if request.path_params.get("rest", "").endswith(".search"):
        raise ScimRefusal(501, "Searching by POST is not supported; GET with a filter is.")
    raise ScimRefusal(404, "There is nothing at this path.")


async def _config(_request: Request, _services: Services, _organization_id: str, _root: str) -> Response:
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=PAGE_MAX),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=False),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Key of a program",
                description="A key whose scopes are users.read and users.write.",
            )
        ],
    )
    return answer(config.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


async def _resource_types(request: Request, _services: Services, _organization_id: str, _root: str) -> Response:
    return _described(request, ResourceType, [ResourceType.from_resource(each) for each in (OurUser, Group)])


async def _schemas(request: Request, _services: Services, _organization_id: str, _root: str) -> Response:
    described = (OurUser, Group, models.Department, models.Telephony)
    return _described(request, Schema, [each.to_schema() for each in described])


def _described(request: Request, model: type[Any], resources: list[Any]) -> Response:
    """One of these by its id, or all of them."""
    name = request.path_params.get("name")
    if name is None:
        if "filter" in request.query_params:
            raise ScimRefusal(403, "What the service can do is not searched.")
        return _listed(model, resources, len(resources), 1)
    found = next((each for each in resources if each.id == name), None)
    if found is None:
        raise ScimRefusal(404, "There is nothing by this name.")
    return answer(found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


async def _users(request: Request, services: Services, organization_id: str, root: str) -> Response:
    if request.method == "POST":
        given = OurUser.model_validate(await _body(request), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        added = taken(
            await directory_users.add_directory_user(
                services, organization_id=organization_id, content=models.user_content(given)
            )
        )
        return _created(models.user_resource(added, root))

    async def find(**wanted: Any) -> tuple[list[Any], int]:
        found = taken(await directory_users.find_directory_users(services, organization_id=organization_id, **wanted))
        return list(found.users), found.total

    return await _searched(request, services, OurUser, find, lambda each: models.user_resource(each, root))


async def _user(request: Request, services: Services, organization_id: str, root: str) -> Response:
    party_id = request.path_params["resource_id"]
    found = taken(
        await directory_users.find_directory_users(services, organization_id=organization_id, party_id=party_id)
    )
    if not found.users:
        raise ScimRefusal(404, "There is no such user.")
    known = models.user_resource(found.users[0], root)
    if request.method == "DELETE":
        taken(await directory_users.remove_directory_user(services, organization_id=organization_id, party_id=party_id))
        return Response(status_code=204)
    if request.method == "GET":
        return _shown(request, OurUser, known)
    wanted = await _wanted(request, OurUser, known)
    changed = taken(
        await directory_users.change_directory_user(
            services, organization_id=organization_id, party_id=party_id, content=models.user_content(wanted)
        )
    )
    return _changed(request, models.user_resource(changed, root))


async def _groups(request: Request, services: Services, organization_id: str, root: str) -> Response:
    if request.method == "POST":
        given = Group.model_validate(await _body(request), scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        added = taken(
            await directory_groups.add_directory_group(
                services, organization_id=organization_id, content=models.group_content(given)
            )
        )
        return _created(models.group_resource(added, root))

    async def find(**wanted: Any) -> tuple[list[Any], int]:
        found = taken(await directory_groups.find_directory_groups(services, organization_id=organization_id, **wanted))
        return list(found.groups), found.total

    return await _searched(request, services, Group, find, lambda each: models.group_resource(each, root))


async def _group(request: Request, services: Services, organization_id: str, root: str) -> Response:
    group_id = request.path_params["resource_id"]
    found = taken(
        await directory_groups.find_directory_groups(services, organization_id=organization_id, group_id=group_id)
    )
    if not found.groups:
        raise ScimRefusal(404, "There is no such group.")
    known = models.group_resource(found.groups[0], root)
    if request.method == "DELETE":
        taken(
            await directory_groups.remove_directory_group(services, organization_id=organization_id, group_id=group_id)
        )
        return Response(status_code=204)
    if request.method == "GET":
        return _shown(request, Group, known)
    if request.method == "PATCH":
        async with services.rendering:
            content = await asyncio.to_thread(patched_group, await _body(request), known)
    else:
        content = models.group_content(await _wanted(request, Group, known))
    changed = taken(
        await directory_groups.change_directory_group(
            services, organization_id=organization_id, group_id=group_id, content=content
        )
    )
    return _changed(request, models.group_resource(changed, root))


async def _wanted(request: Request, model: type[Any], known: Any) -> Any:
    """The resource as a PUT or a PATCH wants it."""
    body = await _body(request)
    if request.method == "PATCH":
        check_patch(body)
        patch = PatchOp[model].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)  # type: ignore[valid-type] # the model of the path
        patch.patch(known)
        return known
    wanted = model.model_validate(body, scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
    wanted.replace(known)
    return wanted


async def _searched(
    request: Request,
    services: Services,
    model: type[Any],
    find: Callable[..., Awaitable[tuple[list[Any], int]]],
    told: Callable[[Any], Any],
) -> Response:
    """A page of those that a filter finds (RFC 7644 §3.4.2): by an index where one helps, else looking through all.

    ``told`` makes a resource of what was found. Looking through many takes a while, so it is done beside everything
    else, for a few at a time.
    """
    start, count = _whole(request, "startIndex", 1), _whole(request, "count", PAGE_DEFAULT)
    start, count = max(1, start), min(max(0, count), PAGE_MAX)
    text = request.query_params.get("filter", "")
    if not text:
        found, total = await find(offset=start - 1, limit=count)
        return _listed(model, [told(each) for each in found], total, start, _chosen(request, model))
    if len(text) > FILTER_CHARACTERS_MAX:
        raise ScimRefusal(400, "The filter is too long.", "invalidFilter")
    wanted = ScimFilter[model](text)  # type: ignore[valid-type] # the model of the path
    equals = _EQUALS.fullmatch(text)
    id_name = "party_id" if model is OurUser else "group_id"
    name = "" if equals is None else _NAMES.get(equals[1].lower(), id_name)
    if equals is not None and name in find_names(model):
        found, total = await find(**{name: equals[2] or "-"})
    else:
        found, total = await find(limit=SEARCHED_MAX)
        if total > len(found):
            raise ScimRefusal(400, "There are too many to be searched for that.", "tooMany")
    async with services.rendering:
        matching = await asyncio.to_thread(lambda: [each for each in map(told, found) if wanted.match(each)])
    page = matching[start - 1 : start - 1 + count]
    return _listed(model, page, len(matching), start, _chosen(request, model))


def find_names(model: type[Resource[Any]]) -> frozenset[str]:
    """By which of an operation's parameters a resource of this kind is found at once."""
    if model is OurUser:
        return frozenset({"party_id", "user_name", "external_id"})
    return frozenset({"group_id", "display_name", "external_id"})


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if _WHOLE.fullmatch(text) is None:
        raise ScimRefusal(400, f"{name} is not a whole number.", "invalidValue")
    return int(text)


async def _body(request: Request) -> Any:
    try:
        return json.loads(await read_body(request, bytes_max=BODY_BYTES_MAX))
    except (ValueError, RecursionError):
        raise ScimRefusal(400, "The body is not well-formed JSON.", "invalidSyntax") from None


def _chosen(request: Request, model: type[Any]) -> Any:
    """Which attributes the client wants, or does not want (RFC 7644 §3.9)."""
    given = {
        name: request.query_params[name].split(",")
        for name in ("attributes", "excludedAttributes")
        if request.query_params.get(name)
    }
    return ResponseParameters[model].model_validate(given) if given else None  # type: ignore[valid-type] # the model of the path


def _shown(request: Request, model: type[Any], resource: Any) -> Response:
    chosen = _chosen(request, model)
    return answer(resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=chosen))


def _listed(model: type[Any], resources: list[Any], total: int, start: int, chosen: Any = None) -> Response:
    listed = ListResponse[model](  # type: ignore[valid-type] # the model of the path
        total_results=total, start_index=start, items_per_page=len(resources), resources=resources
    )
    return answer(listed.model_dump(scim_ctx=Context.SEARCH_RESPONSE, response_parameters=chosen))


def _created(resource: Any) -> Response:
    document = resource.model_dump(scim_ctx=Context.RESOURCE_CREATION_RESPONSE)
    return answer(document, status=201, location=str(resource.meta.location))


def _changed(request: Request, resource: Any) -> Response:
    is_patch = request.method == "PATCH"
    context = Context.RESOURCE_PATCH_RESPONSE if is_patch else Context.RESOURCE_REPLACEMENT_RESPONSE
    return answer(resource.model_dump(scim_ctx=context))
