"""Commands by which a second person agrees to refunds of purchases and of calls.

Knows columns. Refuses to know who has to agree, and to ask for a refund: ``refunds make`` and ``calls refund`` do.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commcredits.edges.cli.adjustments import CONSOLE, ActingAs
from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    document_of,
    listing_of,
    moment_text,
    say_more,
    write_facts,
    write_json,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.paging import Page
    from commcredits.operations.refund_requests import RefundRequest
    from commcredits.operations.services import Services

RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="The id of the refund that was asked for.")]


def commands(parts: Parts) -> typer.Typer:
    """The group ``refund-requests``."""
    group = typer.Typer(help="Agree to refunds that somebody else has asked for.", no_args_is_help=True)
    _add_list(group, parts)
    _add_decisions(group, parts)
    return group


def write_request(request: RefundRequest, *, as_json: bool) -> None:
    """Show one request as it stands."""
    if as_json:
        write_json(document_of(request))
        return
    left = request.left_micros
    write_facts(
        {
            "request": request.refund_request_id,
            "state": request.state,
            "of": _subject(request),
            "amount": f"{amount_text(request.amount_micros)} {request.currency}",
            "requested by": request.requested_by,
            **({"decided by": request.decided_by} if request.decided_by else {}),
            **({"refund": request.refund_id} if request.refund_id else {}),
            **({"refused": request.refusal} if request.refusal else {}),
            **({"left": f"{amount_text(left)} {request.currency}"} if left is not None else {}),
        }
    )


def _subject(request: RefundRequest) -> str:
    return f"call {request.session_id}" if request.top_up_id is None else f"top-up {request.top_up_id}"


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_refund_requests(
        organization: OrganizationId,
        state: Annotated[
            str | None, typer.Option(help="Those alone that are pending, approved, applied, refused or rejected.")
        ] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List the refunds of an organization that were asked for, newest first."""
        from commcredits.operations import refund_requests
        from commcredits.operations.agreeing import RequestState

        known = {each.value: each for each in RequestState}
        if state is not None and state not in known:
            raise typer.BadParameter(f"{state[:32]!r} is none of {', '.join(known)}")

        async def work() -> Page[RefundRequest]:
            async with parts.open_services() as opened:
                return taken(
                    await refund_requests.list_refund_requests(
                        opened.services,
                        organization_id=organization,
                        cursor=cursor,
                        limit=limit,
                        state=None if state is None else known[state],
                    )
                )

        _write_list(run(work()), as_json=as_json)


def _write_list(page: Page[RefundRequest], *, as_json: bool) -> None:
    if as_json:
        write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
        return
    write_table(
        ("request", "state", "of", "amount", "requested by", "decided by", "at", "reason"),
        (
            (
                each.refund_request_id,
                each.state,
                _subject(each),
                f"{amount_text(each.amount_micros)} {each.currency}",
                each.requested_by,
                each.decided_by,
                moment_text(each.requested_at),
                each.reason,
            )
            for each in page.items
        ),
    )
    say_more(page.next_cursor)


def _add_decisions(group: typer.Typer, parts: Parts) -> None:
    @group.command("approve")
    def approve(
        organization: OrganizationId, request: RequestId, acting_as: ActingAs = CONSOLE, as_json: AsJson = False
    ) -> None:
        """Agree to a refund that somebody else has asked for; it is carried out at once."""
        from commcredits.operations import refund_requests

        async def decide(services: Services) -> Any:
            return await refund_requests.approve_refund_request(
                services, organization_id=organization, refund_request_id=request, approved_by=acting_as
            )

        write_request(_decided(parts, decide), as_json=as_json)

    @group.command("reject")
    def reject(
        organization: OrganizationId, request: RequestId, acting_as: ActingAs = CONSOLE, as_json: AsJson = False
    ) -> None:
        """Do not agree to a refund, or take one's own request back."""
        from commcredits.operations import refund_requests

        async def decide(services: Services) -> Any:
            return await refund_requests.reject_refund_request(
                services, organization_id=organization, refund_request_id=request, rejected_by=acting_as
            )

        write_request(_decided(parts, decide), as_json=as_json)


def _decided(parts: Parts, decide: Callable[[Services], Coroutine[Any, Any, Any]]) -> RefundRequest:
    async def work() -> RefundRequest:
        async with parts.open_services(with_gateways=True) as opened:
            decided: RefundRequest = taken(await decide(opened.services))
            return decided

    return run(work())
