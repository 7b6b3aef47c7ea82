"""Commands on refunds: give unused funds back, see what became of it, say so where no gateway does.

Knows arguments and what is shown. Refuses to know how much may be given back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from commcredits.edges.cli.adjustments import CONSOLE
from commcredits.edges.cli.options import (
    LIMIT_DEFAULT,
    AsJson,
    CommandId,
    Cursor,
    Limit,
    OrganizationId,
    amount_option,
)
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.payments import SaidBy, TopUpId
from commcredits.edges.cli.refund_requests import write_request
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    document_of,
    listing_of,
    say_more,
    write_facts,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from commcredits.core.outcomes import Refused
    from commcredits.operations.paging import Page
    from commcredits.operations.refund_requests import RefundRequest
    from commcredits.operations.services import Services
    from commcredits.storage.refunds import RefundRecord

T = TypeVar("T")

RefundId = Annotated[str, typer.Argument(metavar="REFUND", help="The id of the refund.")]
_KEPT_TO_OURSELVES: Final = ("organization_id", "charge_reference")


def commands(parts: Parts) -> typer.Typer:
    """The group ``refunds``."""
    group = typer.Typer(help="Give unused funds back to the method that paid.", no_args_is_help=True)
    _add_make(group, parts)
    _add_list(group, parts)
    _add_verdicts(group, parts)
    return group


def _add_make(group: typer.Typer, parts: Parts) -> None:
    @group.command("make")
    def make(
        organization: OrganizationId,
        top_up: TopUpId,
        reason: Annotated[str, typer.Option(help="Why it is given back.")],
        amount: Annotated[int | None, amount_option("How much, net of tax. Default: all that is unused.")] = None,
        by: SaidBy = CONSOLE,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Refund what is unused of a top-up, or a part of it: at once up to the limit, else once approved."""
        from commcredits.operations import refund_asking
        from commcredits.operations.refund_requests import RefundRequest
        from commcredits.storage.refunds import RefundRecord

        async def work(services: Services) -> RefundRecord | RefundRequest | Refused:
            return await refund_asking.request_refund(
                services,
                organization_id=organization,
                command_id=command_id or services.new_id(),
                top_up_id=top_up,
                amount_micros=amount,
                reason=reason,
                requested_by=by,
            )

        made = _do(parts, work)
        if isinstance(made, RefundRequest):
            write_request(made, as_json=as_json)
            return
        assert isinstance(made, RefundRecord), made
        _write(made, as_json=as_json)


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_refunds(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List an organization's refunds, newest first."""
        from commcredits.operations import refunds

        async def work() -> Page[RefundRecord]:
            async with parts.open_services() as opened:
                return taken(
                    await refunds.list_refunds(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            documents = (document_of(each, without=_KEPT_TO_OURSELVES) for each in page.items)
            write_json(listing_of(documents, page.next_cursor))
            return
        write_table(
            ("refund", "top-up", "state", "amount", "tax", "by"),
            (
                (
                    each.refund_id,
                    each.top_up_id,
                    each.state,
                    f"{amount_text(each.amount_micros)} {each.currency}",
                    amount_text(each.tax_micros),
                    each.requested_by,
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)


def _add_verdicts(group: typer.Typer, parts: Parts) -> None:
    @group.command("confirm")
    def confirm(
        organization: OrganizationId,
        refund: RefundId,
        reference: Annotated[str, typer.Option(help="Where the money was sent, such as the bank's order.")],
        by: SaidBy = CONSOLE,
        as_json: AsJson = False,
    ) -> None:
        """Confirm that the money of a refund by hand was sent."""
        from commcredits.operations import by_hand

        async def work(services: Services) -> RefundRecord | Refused:
            return await by_hand.confirm_refund(
                services, organization_id=organization, refund_id=refund, reference=reference, confirmed_by=by
            )

        _write(_do(parts, work), as_json=as_json)

    @group.command("reject")
    def reject(
        organization: OrganizationId,
        refund: RefundId,
        reason: Annotated[str, typer.Option(help="Why the money could not be sent.")],
        by: SaidBy = CONSOLE,
        as_json: AsJson = False,
    ) -> None:
        """Say that the money of a refund by hand could not be sent: the funds return."""
        from commcredits.operations import by_hand

        async def work(services: Services) -> RefundRecord | Refused:
            return await by_hand.reject_refund(
                services, organization_id=organization, refund_id=refund, reason=reason, rejected_by=by
            )

        _write(_do(parts, work), as_json=as_json)


def _do(parts: Parts, work: Callable[[Services], Awaitable[T | Refused]]) -> T:
    async def with_services() -> T:
        async with parts.open_services(with_gateways=True) as opened:
            return taken(await work(opened.services))

    return run(with_services())


def _write(refund: RefundRecord, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(refund, without=_KEPT_TO_OURSELVES))
        return
    write_facts(
        {
            "refund": refund.refund_id,
            "state": refund.state,
            "amount": f"{amount_text(refund.amount_micros)} {refund.currency}",
            "tax": amount_text(refund.tax_micros),
            **({"refused for": refund.refusal} if refund.refusal else {}),
        }
    )
