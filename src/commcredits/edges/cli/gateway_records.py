"""Commands on what gateways have told of: events, and payouts to the operator's bank account.

Knows what is shown. Refuses to know what an event means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit
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

if TYPE_CHECKING:
    from commcredits.operations.paging import Page
    from commcredits.storage.gateway_records import GatewayEvent, GatewayPayout

_GATEWAY_HELP: Final = "Of this gateway alone."


def event_commands(parts: Parts) -> typer.Typer:
    """The group ``gateway-events``."""
    group = typer.Typer(help="What payment gateways have told of, each event once.", no_args_is_help=True)

    @group.command("list")
    def list_events(
        gateway: Annotated[str | None, typer.Option(help=_GATEWAY_HELP)] = None,
        state: Annotated[str | None, typer.Option(help="waiting, done, ignored or failed.")] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List what gateways have told of, newest first, and how far it was dealt with."""
        from commcredits.operations import payment_messages

        async def work() -> Page[GatewayEvent]:
            async with parts.open_services() as opened:
                return taken(
                    await payment_messages.list_gateway_events(
                        opened.services, gateway=gateway, state=state, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            documents = (document_of(each, without=("idempotency_key",)) for each in page.items)
            write_json(listing_of(documents, page.next_cursor))
            return
        write_table(
            ("id", "gateway", "kind", "about", "state", "tries", "noted"),
            (
                (
                    each.gateway_event_id,
                    each.gateway,
                    each.kind,
                    each.object_reference,
                    each.state,
                    str(each.attempts),
                    moment_text(each.noted_at),
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)

    _add_process(group, parts)
    return group


def _add_process(group: typer.Typer, parts: Parts) -> None:
    @group.command("process")
    def process(
        event: Annotated[str, typer.Argument(metavar="EVENT", help="The id that `gateway-events list` shows.")],
        as_json: AsJson = False,
    ) -> None:
        """Deal with an event now, whatever came of it before."""
        from commcredits.operations import payment_messages

        async def work() -> GatewayEvent:
            async with parts.open_services(with_gateways=True) as opened:
                return taken(await payment_messages.deal_again_with(opened.services, gateway_event_id=event))

        dealt = run(work())
        if as_json:
            write_json(document_of(dealt, without=("idempotency_key",)))
        else:
            write_facts({"event": dealt.gateway_event_id, "state": dealt.state, "last failure": dealt.failure})


def payout_commands(parts: Parts) -> typer.Typer:
    """The group ``payouts``."""
    group = typer.Typer(help="What gateways have sent to the operator's bank account.", no_args_is_help=True)

    @group.command("list")
    def list_payouts(
        gateway: Annotated[str | None, typer.Option(help=_GATEWAY_HELP)] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List payouts, latest arrival first."""
        from commcredits.operations import sweeping

        async def work() -> Page[GatewayPayout]:
            async with parts.open_services() as opened:
                return taken(await sweeping.list_payouts(opened.services, gateway=gateway, cursor=cursor, limit=limit))

        page = run(work())
        if as_json:
            documents = (
                {**document_of(each, without=("noted_at", "arrives_on")), "arrives_on": each.arrives_on.isoformat()}
                for each in page.items
            )
            write_json(listing_of(documents, page.next_cursor))
            return
        write_table(
            ("gateway", "payout", "amount", "arrives", "state"),
            (
                (
                    each.gateway,
                    each.reference,
                    f"{amount_text(each.amount_micros)} {each.currency}",
                    each.arrives_on.isoformat(),
                    each.state,
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)

    return group
