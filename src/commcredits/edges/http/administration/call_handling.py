"""The paths of what an operator sees and does about single calls: flags, cutting one, giving back what one was charged.

Knows paths, fields and answers. Refuses to know when a call is flagged, and how a switch is told.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from commcredits.core.flags import FlagKind
from commcredits.core.money import format_micros
from commcredits.core.outcomes import Ended, RefusalCode
from commcredits.edges.http.administration import answers
from commcredits.edges.http.administration.access import ActingOperator, ActingServices
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Listing, Seconds, Time
from commcredits.edges.http.administration.documenting import Tag, guarded, guarded_with_json
from commcredits.edges.http.administration.forms import (
    PAGE_ITEMS_DEFAULT,
    Identifier,
    SessionId,
    prose_form,
    text_form,
    whole_form,
)
from commcredits.edges.http.administration.parameters import CursorQuery, KeyHeader, LimitQuery
from commcredits.edges.http.administration.refund_requests import WAITING, waiting
from commcredits.edges.http.administration.refusing import taken
from commcredits.edges.http.charging.fields import USED_SECONDS_MAX
from commcredits.operations import call_cuts, call_flags, refund_asking
from commcredits.operations.call_cuts import CUT_REASON, OPERATOR_REASON
from commcredits.operations.refund_requests import RefundRequest
from commcredits.operations.refunds import REASON_CHARACTERS_MAX

OPERATOR: Final = "operator"
"""Who orders a cut, as long as there is one token."""

CutReason = Annotated[str, text_form(CUT_REASON, "one word of small letters, digits and _", OPERATOR_REASON)]
UsedSeconds = Annotated[int, whole_form(USED_SECONDS_MAX)]
RefundReason = Annotated[str, prose_form(0, REASON_CHARACTERS_MAX, "No audio")]


class CallToCut(BaseModel):
    """A running call, and the word that its switch passes on as the reason."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"session_id": "a84b4c76e66710@192.0.2.1"}]}
    )

    session_id: SessionId
    reason: CutReason = OPERATOR_REASON


class CallToRefund(BaseModel):
    """An ended call, how many of its seconds stay charged, and why, for whoever has to agree."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"session_id": "a84b4c76e66710@192.0.2.1", "used_seconds": 0, "reason": "No audio"}]
        },
    )

    session_id: SessionId
    used_seconds: UsedSeconds = 0
    reason: RefundReason = ""


class CutOrder(BaseModel):
    """The order to cut a call stands; its switch is told until it has taken it, and the call then ends as calls end."""

    session_id: str
    switch: str
    reason: str
    ordered_at: Time


class Refund(BaseModel):
    """What the call is charged now."""

    session_id: str
    duration_seconds: Seconds
    charged: Amount
    currency: Currency


class CallFlag(BaseModel):
    """One thing about one call, noticed once; ``organization_id`` is null for a call of nobody who is known."""

    organization_id: Identity | None
    session_id: str
    kind: FlagKind
    noticed_at: Time
    facts: Annotated[dict[str, str | int], Field(description="Seconds and names of links that it rests on.")]


def add_call_handling(routes: APIRouter) -> None:
    """Cut a running call, refund one that is over."""

    @routes.post(
        "/v1/organizations/{organization_id}/call-cuts",
        tags=[Tag.REPORTS],
        summary="Cut a running call",
        description="Its switch is told within a second where it named the link that it asks over. The call is charged "
        "for what it has used, as at any other end.",
        response_description="The order stands.",
        responses=guarded_with_json(
            RefusalCode.UNKNOWN_ORGANIZATION,
            RefusalCode.UNKNOWN_SESSION,
            RefusalCode.SESSION_ENDED,
            RefusalCode.SWITCH_NOT_LINKED,
        ),
    )
    async def cut_call(services: ActingServices, organization_id: Identifier, body: CallToCut) -> CutOrder:
        order = taken(
            await call_cuts.cut_call(
                services,
                organization_id=organization_id,
                session_id=body.session_id,
                reason=body.reason,
                ordered_by=OPERATOR,
            )
        )
        return CutOrder(
            session_id=order.session_id,
            switch=order.switch,
            reason=order.reason,
            ordered_at=answers.time(order.ordered_at),
        )

    _add_call_refund(routes)


def _add_call_refund(routes: APIRouter) -> None:
    @routes.post(
        "/v1/organizations/{organization_id}/call-refunds",
        tags=[Tag.REPORTS],
        summary="Give back what a call was charged",
        description="What the call was charged beyond the seconds that stay returns to the lots and pools that paid: "
        "up to the operator's limit at once, beyond when somebody else approves it.",
        response_description="What the call is charged now.",
        responses=WAITING
        | guarded_with_json(RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.UNKNOWN_SESSION, RefusalCode.CONFLICT),
        response_model=Refund,
    )
    async def refund_call(
        services: ActingServices,
        organization_id: Identifier,
        body: CallToRefund,
        key: KeyHeader,
        operator: ActingOperator,
    ) -> Refund | Response:
        ended = taken(
            await refund_asking.request_call_refund(
                services,
                organization_id=organization_id,
                command_id=key,
                session_id=body.session_id,
                used_seconds=body.used_seconds,
                reason=body.reason,
                requested_by=operator,
            )
        )
        if isinstance(ended, RefundRequest):
            return waiting(ended)
        assert isinstance(ended, Ended), ended
        return Refund(
            session_id=body.session_id,
            duration_seconds=ended.duration_seconds,
            charged=format_micros(ended.charged_micros),
            currency=ended.currency,
        )


def add_flags(routes: APIRouter) -> None:
    """List what was noticed about calls."""

    @routes.get(
        "/v1/flags",
        tags=[Tag.REPORTS],
        summary="List calls that an operator should look at, newest first",
        description="Calls whose switch said something that cannot be, or nothing at all. Each kind once per call. The "
        "ledger is right whatever they say.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_flags(
        services: ActingServices,
        *,
        organization_id: Annotated[Identifier | None, Query(description="Those of this organization alone.")] = None,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[CallFlag]:
        page = taken(await call_flags.list_flags(services, organization_id=organization_id, cursor=cursor, limit=limit))
        return answers.listing(page, _flag)


def _flag(record: call_flags.FlagRecord) -> CallFlag:
    return CallFlag(
        organization_id=record.organization_id,
        session_id=record.session_id,
        kind=record.kind,
        noticed_at=answers.time(record.noticed_at),
        facts=dict(record.facts),
    )
