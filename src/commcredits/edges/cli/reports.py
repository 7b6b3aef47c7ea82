"""Commands that show where an organization's money is and where it went: balance, lots, top-ups, journal.

Knows columns. Refuses to change anything.
"""

from __future__ import annotations

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.payments import paid_with, top_up_document
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


def add_commands(app: typer.Typer, parts: Parts) -> None:
    """Add the commands to the application."""
    _add_balance(app, parts)
    _add_lots(app, parts)
    _add_top_ups(app, parts)
    _add_journal(app, parts)


def _add_balance(app: typer.Typer, parts: Parts) -> None:
    @app.command("balance")
    def show_balance(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Show an organization's balance: posted, held by running calls, available."""
        from commcredits.operations import reports
        from commcredits.operations.reports import Balance

        async def work() -> Balance:
            async with parts.open_services() as opened:
                return taken(await reports.read_balance(opened.services, organization_id=organization))

        balance = run(work())
        if as_json:
            write_json(document_of(balance))
            return
        amounts = {
            "posted": balance.posted_micros,
            "held": balance.held_micros,
            "available": balance.available_micros,
            # A debt is rare: it is shown where there is one.
            **({"owed": balance.owed_micros} if balance.owed_micros else {}),
            **(
                {"credit line": balance.credit_line_micros, "used of it": balance.credit_line_used_micros}
                if balance.post_usage
                else {}
            ),
        }
        write_facts({name: f"{amount_text(micros):>16} {balance.currency}" for name, micros in amounts.items()})


def _add_lots(app: typer.Typer, parts: Parts) -> None:
    @app.command("lots")
    def list_lots(organization: OrganizationId, as_json: AsJson = False) -> None:
        """List the fund lots with anything left, in order of use."""
        from commcredits.operations import organizations, reports
        from commcredits.operations.reports import LotRecord

        async def work() -> tuple[tuple[LotRecord, ...], str]:
            async with parts.open_services() as opened:
                found = taken(await organizations.get_organization(opened.services, organization_id=organization))
                lots = taken(await reports.list_lots(opened.services, organization_id=organization))
                return lots, found.currency

        lots, currency = run(work())
        if as_json:
            write_json(listing_of(document_of(each, currency=currency) for each in lots))
            return
        write_table(
            ("fund lot", "source", "purchased", "expires", "amount ", "free ", "held ", "currency"),
            (
                (
                    each.lot_id,
                    each.source,
                    moment_text(each.purchased_at),
                    moment_text(each.expires_at),
                    amount_text(each.amount_micros),
                    amount_text(each.free_micros),
                    amount_text(each.held_micros),
                    currency,
                )
                for each in lots
            ),
        )


def _add_top_ups(app: typer.Typer, parts: Parts) -> None:
    @app.command("top-ups")
    def list_top_ups(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List an organization's attempts to buy funds, newest first."""
        from commcredits.operations import funding
        from commcredits.operations.paging import Page
        from commcredits.storage.payments import TopUpRecord

        async def work() -> Page[TopUpRecord]:
            async with parts.open_services() as opened:
                return taken(
                    await funding.list_top_ups(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            documents = (top_up_document(each) for each in page.items)
            write_json(listing_of(documents, page.next_cursor))
            return
        write_table(
            ("top-up", "kind", "state", "amount ", "tax ", "refunded ", "currency", "paid with", "began", "reason"),
            (
                (
                    each.top_up_id,
                    each.kind,
                    each.state,
                    amount_text(each.amount_micros),
                    amount_text(each.tax.micros),
                    amount_text(each.refunded_micros),
                    each.currency,
                    paid_with(each),
                    moment_text(each.created_at),
                    each.reason,
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)


def _add_journal(app: typer.Typer, parts: Parts) -> None:
    @app.command("journal")
    def list_journal(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List an organization's transfers, newest first."""
        from commcredits.operations import organizations, reports
        from commcredits.operations.paging import Page
        from commcredits.operations.reports import JournalEntry

        async def work() -> tuple[Page[JournalEntry], str]:
            async with parts.open_services() as opened:
                found = taken(await organizations.get_organization(opened.services, organization_id=organization))
                page = taken(
                    await reports.list_journal(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )
                return page, found.currency

        page, currency = run(work())
        if as_json:
            write_json(listing_of((document_of(each, currency=currency) for each in page.items), page.next_cursor))
            return
        write_table(
            ("at", "from", "to", "amount ", "currency", "reason", "call", "top-up"),
            (
                (
                    moment_text(each.at),
                    each.source,
                    each.target,
                    amount_text(each.amount_micros),
                    currency,
                    each.reason,
                    each.session_id or "",
                    each.top_up_id or "",
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)
