"""The paths of the operator's staff: who there is, inviting, roles, shutting out.

Knows fields and statuses. Refuses to decide who may; the operations do.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import administrator_bodies as bodies
from commcredits.edges.http.administration import answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.administrator_bodies import Administrator, AdministratorInvited
from commcredits.edges.http.administration.answers import Changed, Listing
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import Identifier
from commcredits.edges.http.administration.refusing import taken
from commcredits.operations import staff as operations

_ALL: Final = "/v1/staff"
_ONE: Final = f"{_ALL}/{{administrator_id}}"
_UNKNOWN: Final = (RefusalCode.UNKNOWN_ADMINISTRATOR,)


def add_staff(routes: APIRouter) -> None:
    """List and invite the operator's staff, and change what they may do."""

    @routes.get(_ALL, tags=[Tag.ACCESS], summary="List the operator's staff", responses=guarded())
    async def list_staff(services: ActingServices) -> Listing[Administrator]:
        found = await operations.list_staff(services)
        return answers.whole_listing(taken(found), bodies.administrator)

    @routes.post(
        _ALL,
        tags=[Tag.ACCESS],
        summary="Invite a staff member",
        description="A letter brings a link that works once and for 7 days. Where no mail server is set the link is "
        "answered instead, this once.",
        status_code=HTTPStatus.CREATED,
        response_description="The invitation is open.",
        responses=guarded_with_json(RefusalCode.ADMINISTRATOR_TAKEN),
    )
    async def invite_staff(services: ActingServices, body: bodies.StaffToInvite) -> AdministratorInvited:
        found = await operations.invite_staff(
            services,
            address=body.address,
            name=body.name,
            roles=body.roles,
            language=body.language or "",
            by_link=body.by_link,
        )
        return bodies.invited(taken(found))

    _add_one(routes)


def _add_one(routes: APIRouter) -> None:
    @routes.get(_ONE, tags=[Tag.ACCESS], summary="See a staff member", responses=guarded(*_UNKNOWN))
    async def get_staff(services: ActingServices, administrator_id: Identifier) -> Administrator:
        found = await operations.get_staff(services, administrator_id=administrator_id)
        return bodies.administrator(taken(found))

    @routes.put(
        f"{_ONE}/roles",
        tags=[Tag.ACCESS],
        summary="Give a staff member other roles",
        description="They are signed out, and have the roles from the next sign-in on.",
        response_description="The staff member as they are now.",
        responses=guarded_with_json(*_UNKNOWN, RefusalCode.LAST_ADMINISTRATOR),
    )
    async def change_staff_roles(
        services: ActingServices, administrator_id: Identifier, body: bodies.StaffRolesToGive
    ) -> Administrator:
        found = await operations.change_staff_roles(services, administrator_id=administrator_id, roles=body.roles)
        return bodies.administrator(taken(found))

    _add_access(routes)


def _add_access(routes: APIRouter) -> None:
    @routes.post(
        f"{_ONE}/invite",
        tags=[Tag.ACCESS],
        summary="Invite a staff member again",
        description="The link before opens nothing any more. For somebody who lost every passkey it makes room for a "
        "new one.",
        response_description="A fresh invitation is open.",
        responses=guarded(*_UNKNOWN, RefusalCode.INVALID_INPUT),
    )
    async def resend_staff_invitation(services: ActingServices, administrator_id: Identifier) -> AdministratorInvited:
        found = await operations.resend_staff_invitation(services, administrator_id=administrator_id)
        return bodies.invited(taken(found))

    @routes.post(
        f"{_ONE}/withdraw",
        tags=[Tag.ACCESS],
        summary="Withdraw a staff member's invitation",
        description="Whoever never came is forgotten; where no invitation is open nothing changes.",
        response_description="No invitation is open.",
        responses=guarded(),
    )
    async def withdraw_staff_invitation(services: ActingServices, administrator_id: Identifier) -> Changed:
        done = await operations.withdraw_staff_invitation(services, administrator_id=administrator_id)
        return Changed(changed=taken(done).changed)

    _add_shutting_out(routes)


def _add_shutting_out(routes: APIRouter) -> None:
    @routes.post(
        f"{_ONE}/disable",
        tags=[Tag.ACCESS],
        summary="Shut a staff member out",
        description="Every visit of theirs ends at once.",
        response_description="They are shut out.",
        responses=guarded(*_UNKNOWN, RefusalCode.LAST_ADMINISTRATOR),
    )
    async def disable_staff(services: ActingServices, administrator_id: Identifier) -> Administrator:
        found = await operations.disable_staff(services, administrator_id=administrator_id)
        return bodies.administrator(taken(found))

    @routes.post(
        f"{_ONE}/enable",
        tags=[Tag.ACCESS],
        summary="Let a staff member in again",
        response_description="They may sign in.",
        responses=guarded(*_UNKNOWN),
    )
    async def enable_staff(services: ActingServices, administrator_id: Identifier) -> Administrator:
        found = await operations.enable_staff(services, administrator_id=administrator_id)
        return bodies.administrator(taken(found))
