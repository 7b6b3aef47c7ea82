"""Commands on payments that wait for somebody, and on disputes.

Knows arguments and what is shown. Refuses to know what may be confirmed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.core.money import format_micros
from commcredits.edges.cli.adjustments import CONSOLE
from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    document_of,
    instant_text,
    listing_of,
    moment_text,
    say_more,
    write_facts,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from commcredits.core.outcomes import Refused
    from commcredits.operations.paging import Page
    from commcredits.operations.services import Services
    from commcredits.storage.payments import TopUpRecord

TopUpId = Annotated[str, typer.Argument(metavar="TOP_UP", help="The id of the top-up.")]
SaidBy = Annotated[str, typer.Option("--by", help="Who says so.")]
_STANDINGS: Final = {"disputed": "open", "reversed": "lost"}


def commands(parts: Parts) -> typer.Typer:
    """The group ``payments``."""
    group = typer.Typer(help="Approve, confirm or reject payments that wait for somebody.", no_args_is_help=True)
    _add_resume(group, parts)
    _add_verdicts(group, parts)
    return group


def dispute_commands(parts: Parts) -> typer.Typer:
    """The group ``disputes``."""
    group = typer.Typer(help="Payments that a payer's bank has asked back.", no_args_is_help=True)

    @group.command("list")
    def list_disputes(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List an organization's disputed payments, newest first."""
        from commcredits.operations import disputes

        async def work() -> Page[TopUpRecord]:
            async with parts.open_services() as opened:
                return taken(
                    await disputes.list_disputes(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((_dispute(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("top-up", "dispute", "standing", "amount", "frozen"),
            (
                (
                    each.top_up_id,
                    each.dispute_reference,
                    _STANDINGS.get(each.state.value, "won"),
                    f"{amount_text(each.amount_micros)} {each.currency}",
                    amount_text(each.disputed_micros),
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)

    return group


def _dispute(record: TopUpRecord) -> dict[str, object]:
    return {
        "top_up_id": record.top_up_id,
        "dispute_reference": record.dispute_reference,
        "standing": _STANDINGS.get(record.state.value, "won"),
        "amount": format_micros(record.amount_micros),
        "frozen": format_micros(record.disputed_micros),
        "currency": record.currency,
        "gateway": record.gateway,
        "gateway_reference": record.gateway_reference,
        "created_at": instant_text(record.created_at),
    }


def top_up_document(record: TopUpRecord) -> dict[str, object]:
    """A top-up as a JSON object: its tax is an amount."""
    return document_of(record, without=("organization_id", "tax"), tax=format_micros(record.tax.micros))


def _add_resume(group: typer.Typer, parts: Parts) -> None:
    @group.command("resume")
    def resume(
        organization: OrganizationId,
        top_up: TopUpId,
        return_url: Annotated[
            str | None, typer.Option(help="A page of this installation that the gateway leads back to.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Get a fresh page on which the payer approves a payment that waits for it."""
        from commcredits.operations import payments

        async def work(services: Services) -> TopUpRecord | Refused:
            return await payments.resume_payment(
                services, organization_id=organization, top_up_id=top_up, return_url=return_url
            )

        write_top_up(_do(parts, work), as_json=as_json)


def _add_verdicts(group: typer.Typer, parts: Parts) -> None:
    @group.command("confirm")
    def confirm(
        organization: OrganizationId,
        top_up: TopUpId,
        reference: Annotated[str, typer.Option(help="Where the money was seen, such as the bank's statement.")],
        by: SaidBy = CONSOLE,
        as_json: AsJson = False,
    ) -> None:
        """Confirm that the money of a bank transfer or purchase order has come: its funds are granted."""
        from commcredits.operations import by_hand

        async def work(services: Services) -> TopUpRecord | Refused:
            return await by_hand.confirm_payment(
                services, organization_id=organization, top_up_id=top_up, reference=reference, confirmed_by=by
            )

        write_top_up(_do(parts, work), as_json=as_json)

    @group.command("reject")
    def reject(
        organization: OrganizationId,
        top_up: TopUpId,
        reason: Annotated[str, typer.Option(help="Why the money will not come.")],
        by: SaidBy = CONSOLE,
        as_json: AsJson = False,
    ) -> None:
        """Say that the money of a bank transfer or purchase order will not come: the attempt is closed."""
        from commcredits.operations import by_hand

        async def work(services: Services) -> TopUpRecord | Refused:
            return await by_hand.reject_payment(
                services, organization_id=organization, top_up_id=top_up, reason=reason, rejected_by=by
            )

        write_top_up(_do(parts, work), as_json=as_json)


def _do(parts: Parts, work: Callable[[Services], Awaitable[TopUpRecord | Refused]]) -> TopUpRecord:
    async def with_services() -> TopUpRecord:
        async with parts.open_services(with_gateways=True) as opened:
            return taken(await work(opened.services))

    return run(with_services())


def write_top_up(top_up: TopUpRecord, *, as_json: bool) -> None:
    """Write one attempt to buy funds: what it buys, what is paid for it, and what its payer has to do, if anything."""
    if as_json:
        write_json(top_up_document(top_up))
        return
    tax_micros = top_up.tax.micros
    # Somebody who pays by transfer writes the gateway's reference on it; of a card's payment it is nobody's concern.
    transferred = top_up.gateway_reference if not top_up.last4 and top_up.settled_at is None else ""
    facts = {
        "top-up": top_up.top_up_id,
        "state": top_up.state,
        "amount": f"{amount_text(top_up.amount_micros)} {top_up.currency}",
        "tax": f"{amount_text(tax_micros)} {top_up.currency}" if tax_micros else "",
        "to pay": f"{amount_text(top_up.amount_micros + tax_micros)} {top_up.currency}" if tax_micros else "",
        "paid with": paid_with(top_up),
        "reference": transferred,
        "settled": "" if top_up.settled_at is None else moment_text(top_up.settled_at),
        "approve at": top_up.action_url,
    }
    write_facts({name: fact for name, fact in facts.items() if fact})


def paid_with(top_up: TopUpRecord) -> str:
    """The card or account that pays; where it has no number, as of a bank transfer, its gateway."""
    return f"{top_up.brand} {top_up.last4}" if top_up.last4 else top_up.gateway
