"""The command line as one application: groups of commands, one module each.

Knows which groups there are. Refuses to load what a command needs before that command runs, so that ``--help`` answers
at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from commcredits.edges.cli import (
    accounting,
    adjustments,
    administrators,
    advice,
    api_keys,
    audit,
    blocks,
    call_mappings,
    calling,
    calls,
    funds,
    gateway,
    gateway_records,
    licences,
    moving_in,
    notices,
    numbers,
    organizations,
    payment_methods,
    payments,
    rates,
    receipts,
    recharge,
    refund_requests,
    refunds,
    reports,
    rules,
    spending,
    stock,
    system,
    usage,
    users,
    vouchers,
    webhooks,
)
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.writing import write_line

_EPILOG = (
    "Exit status: 0 done, 1 refused, 2 wrong input, 3 cannot run here, 4 the books disagree, 5 not settled yet, "
    "6 not all of it done, 130 stopped by Ctrl-C. Settings come from COMMCREDITS_ variables; see docs/settings.md."
)


def build_app(parts: Parts) -> typer.Typer:
    """The application, whose commands stand on these parts."""
    app = typer.Typer(
        name="commcredits",
        help="Prepaid communication credits for telephony: run the product, and operate it.",
        epilog=_EPILOG,
        no_args_is_help=True,
        add_completion=False,
        # A fault of ours is shown as it is: with locals it would show secrets.
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def main(
        version: Annotated[
            bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
        ] = False,
    ) -> None:
        pass

    system.add_commands(app, parts)
    app.add_typer(organizations.commands(parts), name="organizations")
    app.add_typer(users.commands(parts, "user"), name="users")
    app.add_typer(users.commands(parts, "resource_account"), name="resource-accounts")
    app.add_typer(licences.commands(parts), name="licences")
    app.add_typer(rules.commands(parts), name="rules")
    app.add_typer(blocks.commands(parts), name="blocks")
    calling.add_commands(app, parts)
    app.add_typer(numbers.commands(parts), name="numbers")
    app.add_typer(stock.commands(parts), name="stock")
    app.add_typer(rates.commands(parts), name="rates")
    app.add_typer(payment_methods.commands(parts), name="payment-methods")
    app.add_typer(funds.commands(parts), name="funds")
    app.add_typer(payments.commands(parts), name="payments")
    app.add_typer(refunds.commands(parts), name="refunds")
    app.add_typer(refund_requests.commands(parts), name="refund-requests")
    app.add_typer(payments.dispute_commands(parts), name="disputes")
    app.add_typer(adjustments.commands(parts), name="adjustments")
    app.add_typer(vouchers.commands(parts), name="vouchers")
    app.add_typer(recharge.commands(parts), name="auto-recharge")
    app.add_typer(recharge.alert_commands(parts), name="balance-alerts")
    app.add_typer(receipts.commands(parts), name="receipts")
    app.add_typer(receipts.billing_commands(parts), name="billing-details")
    app.add_typer(notices.notice_commands(parts), name="notices")
    app.add_typer(audit.commands(parts), name="audit")
    app.add_typer(notices.recipient_commands(parts), name="recipients")
    app.add_typer(webhooks.commands(parts), name="webhooks")
    administrators.add_groups(app, parts)
    app.add_typer(api_keys.commands(parts), name="api-keys")
    app.add_typer(api_keys.sandbox_commands(parts), name="sandboxes")
    _add_reports(app, parts)
    return app


def _add_reports(app: typer.Typer, parts: Parts) -> None:
    """What happened: reports, files for others, and what gateways told."""
    reports.add_commands(app, parts)
    spending.add_commands(app, parts)
    advice.add_commands(app, parts)
    app.add_typer(usage.commands(parts), name="usage")
    _add_records(app, parts)


def _add_records(app: typer.Typer, parts: Parts) -> None:
    """What was, for accountants and for whoever moves in; and what gateways told."""
    app.add_typer(accounting.commands(parts), name="accounting")
    app.add_typer(calls.commands(parts), name="calls")
    app.add_typer(call_mappings.commands(parts), name="call-mappings")
    app.add_typer(moving_in.commands(parts), name="move-in")
    app.add_typer(gateway.commands(parts), name="gateway")
    app.add_typer(gateway_records.event_commands(parts), name="gateway-events")
    app.add_typer(gateway_records.payout_commands(parts), name="payouts")


def _show_version(wanted: bool) -> None:
    if wanted:
        write_line(f"commcredits {system.installed_version()}")
        raise typer.Exit
