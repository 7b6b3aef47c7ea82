"""Commands about how an organization pays and how it ends: currency, paying after use, closing.

Knows words. Refuses to know when a currency is fixed and what a closing waits for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commcredits.edges.cli.adjustments import CONSOLE, ActingAs
from commcredits.edges.cli.options import AsJson, CommandId, OrganizationId, amount_option
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import amount_text, document_of, moment_text, write_facts, write_json, write_line

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.closing import Closing
    from commcredits.operations.organizations import Organization
    from commcredits.operations.reports import Balance


def add_commands(group: typer.Typer, parts: Parts) -> None:
    """Add the commands to the group ``organizations``."""
    _add_currency(group, parts)
    _add_billing(group, parts)
    _add_closing(group, parts)


def _add_currency(group: typer.Typer, parts: Parts) -> None:
    @group.command("change-currency")
    def change_currency(
        organization: OrganizationId,
        currency: Annotated[str, typer.Argument(metavar="CURRENCY", help="ISO 4217 code, such as RON.")],
        as_json: AsJson = False,
    ) -> None:
        """Change the currency of an organization that never had funds."""
        from commcredits.operations import billing_terms

        async def work() -> Organization:
            async with parts.open_services() as opened:
                return taken(
                    await billing_terms.change_currency(
                        opened.services, organization_id=organization, currency=currency
                    )
                )

        changed = run(work())
        if as_json:
            write_json(document_of(changed, without=("minor_digits",)))
        else:
            write_line(f"organization {organization} pays in {changed.currency}")


def _add_billing(group: typer.Typer, parts: Parts) -> None:
    @group.command("billing")
    def switch_billing(
        organization: OrganizationId,
        post_usage: Annotated[
            bool, typer.Option("--post-usage/--prepaid", help="Pay after use, up to a line of credit; or in advance.")
        ],
        credit_line: Annotated[Any, amount_option("How much may be used before it is paid, such as 500.00.")] = None,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Let an organization pay after use, once its funds have drained; or in advance again."""
        from commcredits.operations import billing_terms, reports

        async def work() -> Balance:
            async with parts.open_services() as opened:
                taken(
                    await billing_terms.switch_billing(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        post_usage=post_usage,
                        credit_line_micros=credit_line or 0,
                    )
                )
                return taken(await reports.read_balance(opened.services, organization_id=organization))

        balance = run(work())
        if as_json:
            write_json(document_of(balance))
        elif balance.post_usage:
            line = f"{amount_text(balance.credit_line_micros)} {balance.currency}"
            write_line(f"organization {organization} pays after use, up to {line}")
        else:
            write_line(f"organization {organization} pays in advance")


def _add_closing(group: typer.Typer, parts: Parts) -> None:
    @group.command("close")
    def close_organization(
        organization: OrganizationId,
        remainder: Annotated[
            str | None, typer.Option(help="What becomes of bought funds that are left: refund or forfeit.")
        ] = None,
        acting_as: ActingAs = CONSOLE,
        as_json: AsJson = False,
    ) -> None:
        """Close an organization for good: no new calls and purchases, and the end when running calls have ended."""
        from commcredits.operations import closing
        from commcredits.operations.funding_rules import Remainder

        known = {each.value: each for each in Remainder}
        if remainder is not None and remainder not in known:
            raise typer.BadParameter(f"{remainder[:32]!r} is none of {', '.join(known)}")

        async def work() -> Closing:
            async with parts.open_services() as opened:
                return taken(
                    await closing.close_organization(
                        opened.services,
                        organization_id=organization,
                        requested_by=acting_as,
                        remainder=None if remainder is None else known[remainder],
                    )
                )

        _write(run(work()), as_json=as_json)

    @group.command("closing")
    def show_closing(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Show how far an organization's closing is, and what it waits for."""
        from commcredits.operations import closing

        async def work() -> Closing:
            async with parts.open_services() as opened:
                return taken(await closing.get_closing(opened.services, organization_id=organization))

        _write(run(work()), as_json=as_json)


def _write(closing: Closing, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(closing))
        return
    write_facts(
        {
            "organization": closing.organization_id,
            "remainder": closing.remainder,
            "requested by": closing.requested_by,
            **({"closed": moment_text(closing.closed_at)} if closing.closed_at else {}),
            **({"waits for": closing.waits_for} if closing.waits_for else {}),
        }
    )
