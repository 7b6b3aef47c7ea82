"""The paths of the audit log: who did what, as a list and as a file, and the proof that nobody rewrote it.

Knows media types and names of files. Refuses to hold a log in memory: a file leaves as it is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration import answers, audit_answers
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.answers import Listing, whole_listing
from commcredits.edges.http.administration.audit_answers import AuditAct, AuditHead, AuditProof
from commcredits.edges.http.administration.documenting import Tag, guarded
from commcredits.edges.http.administration.forms import PAGE_ITEMS_DEFAULT, Identifier, Instant
from commcredits.edges.http.administration.parameters import CursorQuery, LimitQuery
from commcredits.edges.http.administration.refusing import taken
from commcredits.operations import audit_checking, audit_log
from commcredits.operations.audit_export import AuditForm, export_all_audit, export_audit
from commcredits.operations.audit_log import AuditQuery

_OF_ONE: Final = "/v1/organizations/{organization_id}/audit"
_OF_ALL: Final = "/v1/audit"
_MEDIA: Final = {AuditForm.CSV: "text/csv", AuditForm.JSON_LINES: "application/jsonl"}

OptionalFrom = Annotated[Instant | None, Query(alias="from", description="Acts at this instant or later.")]
OptionalTo = Annotated[Instant | None, Query(alias="to", description="Acts before this instant.")]
ActorQuery = Annotated[str, Query(description="Acts of this actor alone, by id or by name.")]
OperationQuery = Annotated[str, Query(description="Acts of this operation alone, such as save_auto_recharge.")]
SubjectQuery = Annotated[str, Query(description="Acts on this subject alone: an id, a number, a name.")]


async def _query(
    *,
    begins: OptionalFrom = None,
    ends: OptionalTo = None,
    actor: ActorQuery = "",
    operation: OperationQuery = "",
    subject: SubjectQuery = "",
) -> AuditQuery:
    return AuditQuery(begins=begins, ends=ends, actor=actor, operation=operation, subject=subject)


ActsQuery = Annotated[AuditQuery, Depends(_query)]
"""Which acts, as a parameter of an endpoint."""


def add_audit(routes: APIRouter) -> None:
    """Lists and files."""

    @routes.get(
        _OF_ONE,
        tags=[Tag.AUDIT],
        summary="List what was done to an organization, latest first",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def list_audit(
        services: ActingServices,
        organization_id: Identifier,
        query: ActsQuery,
        *,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[AuditAct]:
        page = await audit_log.list_audit(
            services, organization_id=organization_id, query=query, cursor=cursor, limit=limit
        )
        return answers.listing(taken(page), audit_answers.act)

    @routes.get(
        _OF_ALL,
        tags=[Tag.AUDIT],
        summary="List what was done to every organization and to what is the operator's, latest first",
        responses=guarded(),
    )
    async def list_all_audit(
        services: ActingServices,
        query: ActsQuery,
        *,
        cursor: CursorQuery = None,
        limit: LimitQuery = PAGE_ITEMS_DEFAULT,
    ) -> Listing[AuditAct]:
        page = await audit_log.list_all_audit(services, query=query, cursor=cursor, limit=limit)
        return answers.listing(taken(page), audit_answers.act)

    for form in AuditForm:
        _add_files(routes, form)


def _add_files(routes: APIRouter, form: AuditForm) -> None:
    documented: dict[int | str, dict[str, Any]] = {
        200: {"description": "The file.", "content": {_MEDIA[form]: {"schema": {"type": "string"}}}}
    }

    async def save_one(
        services: ActingServices, organization_id: Identifier, begins: OptionalFrom = None, ends: OptionalTo = None
    ) -> Response:
        pieces = taken(
            await export_audit(services, organization_id=organization_id, form=form, begins=begins, ends=ends)
        )
        return _file(pieces, form)

    async def save_all(services: ActingServices, begins: OptionalFrom = None, ends: OptionalTo = None) -> Response:
        return _file(taken(await export_all_audit(services, form=form, begins=begins, ends=ends)), form)

    for path, save, whose, codes in (
        (_OF_ONE, save_one, "an organization's audit log", (RefusalCode.UNKNOWN_ORGANIZATION,)),
        (_OF_ALL, save_all, "every audit log", ()),
    ):
        routes.add_api_route(
            f"{path}.{form.value}",
            save,
            methods=["GET"],
            name=f"{save.__name__}_audit_{form.value}",
            tags=[Tag.AUDIT],
            summary=f"Save {whose}, entry by entry as it was hashed, as {form.value}",
            response_class=Response,
            responses={**documented, **guarded(*codes)},
        )


def add_audit_proof(routes: APIRouter) -> None:
    """Ends of chains, and the proof."""

    @routes.get(
        f"{_OF_ONE}/head",
        tags=[Tag.AUDIT],
        summary="Say where an organization's audit log ends, to be kept elsewhere",
        response_description="The end of its chain; null while nothing stands in it.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def get_audit_head(services: ActingServices, organization_id: Identifier) -> AuditHead | None:
        head = taken(await audit_log.get_audit_head(services, organization_id=organization_id))
        return None if head is None else audit_answers.head(head)

    @routes.get(
        f"{_OF_ALL}/heads",
        tags=[Tag.AUDIT],
        summary="Say where every audit log ends, to be kept elsewhere",
        responses=guarded(),
    )
    async def list_audit_heads(services: ActingServices) -> Listing[AuditHead]:
        return whole_listing(taken(await audit_log.list_audit_heads(services)), audit_answers.head)

    @routes.post(
        f"{_OF_ALL}/verify",
        tags=[Tag.AUDIT],
        summary="Prove that nobody rewrote the audit log",
        response_description="What was walked, and every place where a chain is not what it was.",
        responses=guarded(),
    )
    async def verify_audit(
        services: ActingServices,
        since: Annotated[
            str | None, Query(description="An anchor that was kept elsewhere: its chain alone, from there on.")
        ] = None,
    ) -> AuditProof:
        anchor = None if since is None else taken(audit_checking.read_anchor(since))
        return audit_answers.proof(taken(await audit_checking.verify_audit(services, since=anchor)))


def _file(pieces: AsyncIterator[bytes], form: AuditForm) -> Response:
    return StreamingResponse(
        pieces,
        media_type=f"{_MEDIA[form]}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="audit.{form.value}"'},
    )
