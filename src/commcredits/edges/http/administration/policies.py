"""The paths of rules, blocks, minute pools, and of the question whether somebody may call somebody.

Knows fields and statuses. Refuses to know what a rule does to a call; the core does.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, may_call_answers, policy_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier, QueryFlag
from commcredits.edges.http.administration.funding import agree_on_currency
from commcredits.edges.http.administration.may_call_answers import MayCall
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery, OptionalKeyHeader
from commcredits.edges.http.administration.policy_answers import Block, PoolsReport, Rules
from commcredits.edges.http.administration.policy_forms import Month
from commcredits.edges.http.administration.policy_requests import BlockToSet, CallToAskAbout, RulesToSave
from commcredits.edges.http.administration.refusing import taken
from commcredits.operations import blocks, may_call, pools, rules

OPERATOR: Final = "operator"
"""Who lifts a block here: whoever has the operator's token."""


def add_rules(routes: APIRouter) -> None:
    """See an organization's rules, and put others in force."""

    @routes.get(
        "/v1/organizations/{organization_id}/rules",
        tags=[Tag.POLICIES],
        summary="Show an organization's rules",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def read_rules(services: ActingServices, organization_id: Identifier) -> Rules:
        return policy_answers.rules(taken(await rules.read_rules(services, organization_id=organization_id)))

    @routes.put(
        "/v1/organizations/{organization_id}/rules",
        tags=[Tag.POLICIES],
        summary="Put rules in force",
        description="The rules are replaced as a whole: what is left out is as it is where nobody has set anything. "
        "The same again changes nothing. Users may have settings of their own, which win.",
        response_description="The rules hold for every call that begins from now on.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.CURRENCY_MISMATCH),
    )
    async def save_rules(services: ActingServices, organization_id: Identifier, body: RulesToSave) -> Rules:
        await agree_on_currency(services, organization_id, body.currency)
        saved = await rules.save_rules(services, organization_id=organization_id, rules=body.rules())
        return policy_answers.rules(taken(saved))


def add_blocks(routes: APIRouter) -> None:
    """List blocks, set one by hand, lift one."""

    @routes.get(
        "/v1/organizations/{organization_id}/blocks",
        tags=[Tag.POLICIES],
        summary="List an organization's blocks, newest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_blocks(
        services: ActingServices,
        organization_id: Identifier,
        *,
        in_force: Annotated[QueryFlag, Query(description="Those alone that nobody has lifted yet.")] = False,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[Block]:
        page = taken(
            await blocks.list_blocks(
                services, organization_id=organization_id, in_force=in_force, cursor=cursor, limit=limit
            )
        )
        return answers.listing(page, policy_answers.block)

    _add_blocking(routes)


def _add_blocking(routes: APIRouter) -> None:
    @routes.post(
        "/v1/organizations/{organization_id}/blocks",
        tags=[Tag.POLICIES],
        summary="Block a user, or a country",
        description="A user's charged calls, or the organization's charged calls to a country, are refused until "
        "somebody lifts the block; running calls keep what was granted to them, and emergency calls always pass. "
        "Whatever is blocked already is answered with the block that there is.",
        status_code=HTTPStatus.CREATED,
        response_description="The block is in force.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_USER, RefusalCode.CONFLICT),
    )
    async def set_block(
        services: ActingServices, organization_id: Identifier, body: BlockToSet, key: OptionalKeyHeader = None
    ) -> Block:
        block = await blocks.set_block(
            services,
            organization_id=organization_id,
            command_id=key or services.new_id(),
            kind=body.kind,
            subject=body.subject,
        )
        return policy_answers.block(taken(block))

    @routes.post(
        "/v1/organizations/{organization_id}/blocks/{block_id}/lift",
        tags=[Tag.POLICIES],
        summary="Lift a block",
        description="Calls go on at once; the limit that set the block off may be spent once more in its period. "
        "A block that was lifted before stays as it is.",
        response_description="The block is lifted.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_BLOCK, RefusalCode.CONFLICT),
    )
    async def lift_block(
        services: ActingServices, organization_id: Identifier, block_id: Identifier, key: OptionalKeyHeader = None
    ) -> Block:
        block = await blocks.lift_block(
            services,
            organization_id=organization_id,
            command_id=key or services.new_id(),
            block_id=block_id,
            lifted_by=OPERATOR,
        )
        return policy_answers.block(taken(block))


def add_pools(routes: APIRouter) -> None:
    """Report minute pools."""

    @routes.get(
        "/v1/organizations/{organization_id}/pools",
        tags=[Tag.REPORTS],
        summary="Report an organization's minute pools",
        description="What of each pool is used, held by running calls and left in a month of the organization's time "
        "zone, what calls cost beyond it, and the credits that pay for those.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def report_pools(
        services: ActingServices,
        organization_id: Identifier,
        month: Annotated[Month | None, Query(description="Left out, the month that is now.")] = None,
    ) -> PoolsReport:
        report = await pools.report_pools(services, organization_id=organization_id, month=month or "")
        return policy_answers.pools_report(taken(report))


def add_may_call(routes: APIRouter) -> None:
    """Answer whether a call may be made."""

    @routes.post(
        "/v1/organizations/{organization_id}/may-call",
        tags=[Tag.POLICIES],
        summary="May this user call that number now, and why not?",
        description="What authorise would answer at this instant, with all that it rests on. No call is placed, "
        "nothing is held and nothing changes. A no is answered with status 200 as well: it answers the question.",
        response_description="The answer, whether yes or no.",
        responses=guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def ask_whether_may_call(
        services: ActingServices, organization_id: Identifier, body: CallToAskAbout
    ) -> MayCall:
        answer = await may_call.may_call(
            services,
            organization_id=organization_id,
            callee=body.callee,
            caller=body.caller or "",
            user=body.user or "",
            service=body.service or "",
            call_type=body.call_type or "",
            conference_id=body.conference_id or "",
        )
        return may_call_answers.may_call(taken(answer))
