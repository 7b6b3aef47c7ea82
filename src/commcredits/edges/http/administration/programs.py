"""The paths of keys for programs, and of sandboxes to try them on.

Knows fields and statuses. Refuses to know how a key is checked. The text of a key is answered where it was just made,
and nowhere else.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, program_forms
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Changed, Listing, Promotion
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery
from commcredits.edges.http.administration.program_forms import (
    ApiKey,
    ApiKeyToCreate,
    ApiKeyToRotate,
    NewApiKey,
    PlayMoneyToGrant,
    Sandbox,
)
from commcredits.edges.http.administration.refusing import fault, taken
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import api_keys, sandboxes

_KEYS: Final = "/v1/organizations/{organization_id}/api-keys"
_KEY: Final = f"{_KEYS}/{{key_id}}"
_SANDBOX: Final = "/v1/organizations/{organization_id}/sandbox"
_UNKNOWN: Final = (RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_API_KEY)


def add_programs(routes: APIRouter) -> None:
    """Keys, and sandboxes."""
    _add_api_keys(routes)
    _add_ending(routes)
    _add_sandboxes(routes)


def _add_api_keys(routes: APIRouter) -> None:
    """List keys, create one, rotate one, revoke one."""

    @routes.get(
        _KEYS,
        tags=[Tag.PROGRAMS],
        summary="List an organization's keys, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_api_keys(
        services: ActingServices,
        organization_id: Identifier,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[ApiKey]:
        page = taken(
            await api_keys.list_api_keys(services, organization_id=organization_id, cursor=cursor, limit=limit)
        )
        return answers.listing(page, program_forms.api_key)

    @routes.post(
        _KEYS,
        tags=[Tag.PROGRAMS],
        summary="Create a key for a program",
        description="The answer holds the whole key, this once: only its hash is kept. Its scopes are permissions that "
        "whoever creates it has; it acts on this organization alone, or on its sandbox.",
        status_code=HTTPStatus.CREATED,
        response_description="The key opens what its scopes say from now on.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.ORGANIZATION_CLOSED),
    )
    async def create_api_key(services: ActingServices, organization_id: Identifier, body: ApiKeyToCreate) -> NewApiKey:
        made = await api_keys.create_api_key(
            services,
            organization_id=organization_id,
            name=body.name,
            scopes=body.scopes,
            expires_at=body.expires_at,
            note=body.note,
            is_sandbox=body.sandbox,
        )
        return program_forms.new_api_key(taken(made))


def _add_ending(routes: APIRouter) -> None:
    @routes.post(
        f"{_KEY}/rotate",
        tags=[Tag.PROGRAMS],
        summary="Give a program a new key in the place of one",
        description="The new one has the name, the scopes and the length of life of the old one, which lasts for the "
        "hours given beside it, so that a program can change over in between.",
        status_code=HTTPStatus.CREATED,
        response_description="The new key.",
        responses=guarded_with_json(*_UNKNOWN),
    )
    async def rotate_api_key(
        services: ActingServices, organization_id: Identifier, key_id: Identifier, body: ApiKeyToRotate
    ) -> NewApiKey:
        made = await api_keys.rotate_api_key(
            services, organization_id=organization_id, key_id=key_id, overlap_hours=body.overlap_hours
        )
        return program_forms.new_api_key(taken(made))

    @routes.post(
        f"{_KEY}/revoke",
        tags=[Tag.PROGRAMS],
        summary="Revoke a key",
        description="It opens nothing any more within two seconds, nor do the tokens that it got. It stays listed.",
        response_description="Whether it was in use before.",
        responses=guarded(*_UNKNOWN),
    )
    async def revoke_api_key(services: ActingServices, organization_id: Identifier, key_id: Identifier) -> Changed:
        done = taken(await api_keys.revoke_api_key(services, organization_id=organization_id, key_id=key_id))
        return Changed(changed=done.changed)


def _add_sandboxes(routes: APIRouter) -> None:
    """Open an organization's sandbox, see it, and put play money into it."""

    @routes.get(
        _SANDBOX,
        tags=[Tag.PROGRAMS],
        summary="Show an organization's sandbox",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, HttpFault.NOT_FOUND),
    )
    async def get_sandbox(services: ActingServices, organization_id: Identifier) -> Sandbox:
        found = taken(await sandboxes.get_sandbox(services, organization_id=organization_id))
        if found is None:
            raise fault(HttpFault.NOT_FOUND, "This organization has no sandbox.")
        return program_forms.sandbox(found)

    @routes.post(
        _SANDBOX,
        tags=[Tag.PROGRAMS],
        summary="Open an organization's sandbox",
        description="An organization of its own, with the same rates and play money alone. There is one at most: "
        "asked again, the same is answered.",
        response_description="The sandbox, with play money to begin with.",
        responses=guarded(
            RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.ORGANIZATION_CLOSED, RefusalCode.SANDBOX_NOT_ALLOWED
        ),
    )
    async def open_sandbox(services: ActingServices, organization_id: Identifier) -> Sandbox:
        return program_forms.sandbox(taken(await sandboxes.open_sandbox(services, organization_id=organization_id)))

    @routes.post(
        f"{_SANDBOX}/funds",
        tags=[Tag.PROGRAMS],
        summary="Put play money into a sandbox",
        description=f"At most {sandboxes.PLAY_MONEY_MAX_MICROS // 1_000_000} at a time and in the sandbox at once.",
        status_code=HTTPStatus.CREATED,
        response_description="The lot of play money.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.SANDBOX_NOT_ALLOWED,
            RefusalCode.ORGANIZATION_CLOSED,
            RefusalCode.AMOUNT_BELOW_MINIMUM,
            RefusalCode.AMOUNT_ABOVE_MAXIMUM,
            RefusalCode.CONFLICT,
        ),
    )
    async def grant_play_money(
        services: ActingServices, organization_id: Identifier, body: PlayMoneyToGrant, key: KeyHeader
    ) -> Promotion:
        granted = await sandboxes.grant_play_money(
            services, organization_id=organization_id, command_id=key, amount_micros=body.amount
        )
        return answers.promotion(taken(granted))
