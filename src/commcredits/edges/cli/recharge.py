"""Commands on auto-recharge and balance alerts: put a rule in force, see how it stands and what it did, switch it off.

Knows arguments and what is shown. Refuses to know what a rule may say, and when it recharges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.core.account import RechargeMode
from commcredits.core.money import format_micros
from commcredits.core.recharge_outlook import NextKind
from commcredits.core.recharge_rules import EXPIRY_AHEAD_DAYS_MAX
from commcredits.edges.cli.options import (
    LIMIT_DEFAULT,
    AsJson,
    CommandId,
    Cursor,
    Limit,
    OrganizationId,
    amount_option,
    read_amount,
    whole_option,
)
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    complain,
    document_of,
    listing_of,
    moment_text,
    say_more,
    write_facts,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from commcredits.operations.recharging import AutoRecharge, RechargeTerms
    from commcredits.operations.services import Services

_Trigger = Annotated[int, amount_option("Recharge when the available balance falls below this.")]
_Amount = Annotated[int | None, amount_option("How much each recharge adds; left out where there is a target.")]
_Target = Annotated[int | None, amount_option("Recharge up to this: the mode to_target.")]
_Cap = Annotated[int | None, amount_option("Most that a calendar month may recharge. Default: ten recharges.")]
_Mode = Annotated[RechargeMode, typer.Option(help="How much a recharge charges.")]
_AlertAmounts = Annotated[
    list[int] | None,
    typer.Option("--amount", metavar="AMOUNT", parser=read_amount, help="Tell below this; may be repeated."),
]
_ExpiryAhead = Annotated[
    int, whole_option("Count funds that expire within so many days as gone", 0, EXPIRY_AHEAD_DAYS_MAX)
]


def commands(parts: Parts) -> typer.Typer:
    """The group ``auto-recharge``."""
    group = typer.Typer(help="Buy funds automatically when the balance falls below an amount.", no_args_is_help=True)
    _add_set(group, parts)
    _add_show(group, parts)
    _add_attempts(group, parts)
    _add_off(group, parts)
    return group


def _add_set(group: typer.Typer, parts: Parts) -> None:
    @group.command("set")
    def save_auto_recharge(  # noqa: PLR0913, PLR0917 - each argument is an option of the command line
        organization: OrganizationId,
        trigger_amount: _Trigger,
        payment_method: Annotated[str, typer.Option(help="The id of the payment method that pays.")],
        recharge_amount: _Amount = None,
        mode: _Mode = RechargeMode.FIXED,
        target_amount: _Target = None,
        monthly_cap: _Cap = None,
        backup_payment_method: Annotated[str, typer.Option(help="Tried when the first is declined.")] = "",
        expiry_ahead_days: _ExpiryAhead = 0,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Put an auto-recharge rule in force; below its trigger amount it recharges at once."""
        from commcredits.operations.recharging import RechargeTerms

        terms = RechargeTerms(
            enabled=True,
            trigger_amount_micros=trigger_amount,
            payment_method_id=payment_method,
            recharge_amount_micros=recharge_amount or 0,
            monthly_cap_micros=monthly_cap,
            mode=mode,
            target_amount_micros=target_amount or 0,
            backup_payment_method_id=backup_payment_method,
            expiry_ahead_days=expiry_ahead_days,
        )
        rule, currency, recharge_started = run(_save(parts, organization, command_id, terms))
        _write_rule(rule, currency, as_json=as_json, recharge_started=recharge_started)


async def _save(
    parts: Parts, organization: str, command_id: str | None, terms: RechargeTerms
) -> tuple[AutoRecharge, str, bool]:
    from commcredits.operations import recharging

    async with parts.open_services(with_gateways=True) as opened:
        saved = taken(
            await recharging.save_auto_recharge(
                opened.services,
                organization_id=organization,
                command_id=command_id or opened.services.new_id(),
                terms=terms,
            )
        )
        rule, currency = await _read(opened.services, organization)
        assert rule is not None, "it was just saved"
        return rule, currency, saved.recharge_started


def _add_show(group: typer.Typer, parts: Parts) -> None:
    @group.command("show")
    def show_auto_recharge(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Show the rule, how it stands, what it has bought this month, and what comes next."""

        async def work() -> tuple[AutoRecharge | None, str]:
            async with parts.open_services() as opened:
                return await _read(opened.services, organization)

        rule, currency = run(work())
        if rule is None:
            complain("the organization has no auto-recharge rule")
            raise typer.Exit(ExitStatus.REFUSED)
        _write_rule(rule, currency, as_json=as_json)


def _add_attempts(group: typer.Typer, parts: Parts) -> None:
    @group.command("attempts")
    def list_recharge_attempts(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List what auto-recharge has tried, why it failed and what followed, newest first."""
        from commcredits.operations import recharge_attempts
        from commcredits.operations.paging import Page
        from commcredits.operations.recharge_attempts import RechargeAttempt

        async def work() -> Page[RechargeAttempt]:
            async with parts.open_services() as opened:
                return taken(
                    await recharge_attempts.list_recharge_attempts(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of(map(document_of, page.items), page.next_cursor))
            return
        write_table(
            ("created", "amount ", "method", "outcome", "reason", "then", "at", "top-up"),
            (
                (
                    moment_text(each.created_at),
                    f"{amount_text(each.amount_micros)} {each.currency}",
                    f"{each.brand} {each.last4}".strip(),
                    each.outcome.replace("_", " "),
                    each.reason,
                    each.follow_up.replace("_", " "),
                    moment_text(each.retry_at),
                    each.top_up_id,
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)


def _add_off(group: typer.Typer, parts: Parts) -> None:
    @group.command("off")
    def switch_off(organization: OrganizationId, command_id: CommandId = None, as_json: AsJson = False) -> None:
        """Switch auto-recharge off at once; an attempt that was not sent yet is cancelled."""
        from commcredits.operations import recharging

        async def work() -> tuple[AutoRecharge | None, str]:
            async with parts.open_services() as opened:
                taken(
                    await recharging.switch_auto_recharge_off(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                    )
                )
                return await _read(opened.services, organization)

        rule, currency = run(work())
        if rule is None:
            complain("the organization has no auto-recharge rule: nothing to switch off")
            return
        _write_rule(rule, currency, as_json=as_json)


def alert_commands(parts: Parts) -> typer.Typer:
    """The group ``balance-alerts``."""
    group = typer.Typer(help="Be told when the balance falls below an amount.", no_args_is_help=True)

    @group.command("set")
    def save_balance_alerts(
        organization: OrganizationId,
        amounts: _AlertAmounts = None,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Choose the amounts; without any, only that nothing is left is told."""
        from commcredits.operations import balance_alerts

        async def work() -> tuple[tuple[int, ...], str]:
            async with parts.open_services() as opened:
                taken(
                    await balance_alerts.save_balance_alerts(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        amounts_micros=amounts or (),
                    )
                )
                return await _read_alerts(opened.services, organization)

        _write_alerts(*run(work()), as_json=as_json)

    @group.command("show")
    def show_balance_alerts(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Show the amounts below which somebody is told."""

        async def work() -> tuple[tuple[int, ...], str]:
            async with parts.open_services() as opened:
                return await _read_alerts(opened.services, organization)

        _write_alerts(*run(work()), as_json=as_json)

    return group


async def _read(services: Services, organization_id: str) -> tuple[AutoRecharge | None, str]:
    """The rule, if there is one, and the currency of its amounts."""
    from commcredits.operations import recharging
    from commcredits.operations.organizations import get_organization

    organization = taken(await get_organization(services, organization_id=organization_id))
    rule = taken(await recharging.read_auto_recharge(services, organization_id=organization_id))
    return rule, organization.currency


async def _read_alerts(services: Services, organization_id: str) -> tuple[tuple[int, ...], str]:
    from commcredits.operations import balance_alerts
    from commcredits.operations.organizations import get_organization

    organization = taken(await get_organization(services, organization_id=organization_id))
    alerts = taken(await balance_alerts.read_balance_alerts(services, organization_id=organization_id))
    return alerts.amounts_micros, organization.currency


def _write_alerts(amounts_micros: tuple[int, ...], currency: str, *, as_json: bool) -> None:
    if as_json:
        write_json({"amounts": [format_micros(amount) for amount in amounts_micros], "currency": currency})
        return
    told = ", ".join(f"{amount_text(amount)} {currency}" for amount in amounts_micros)
    write_facts({"when the balance falls below": told or "nothing: only when nothing is left"})


def _write_rule(rule: AutoRecharge, currency: str, *, as_json: bool, recharge_started: bool | None = None) -> None:
    if as_json:
        document = document_of(rule, currency=currency)
        write_json(document if recharge_started is None else {**document, "recharge_started": recharge_started})
        return

    def money(amount_micros: int) -> str:
        return f"{amount_text(amount_micros)} {currency}"

    step = rule.next_step
    soon = moment_text(step.at) if step.at else ""
    to_target = rule.mode is RechargeMode.TO_TARGET
    write_facts(
        {
            "auto-recharge": "on" if rule.enabled else "off",
            "mode": rule.mode.replace("_", " "),
            **({"target": money(rule.target_amount_micros)} if to_target else {}),
            **({} if to_target else {"recharge amount": money(rule.recharge_amount_micros)}),
            "when the balance falls below": money(rule.trigger_amount_micros),
            "balance that counts": money(rule.measured_micros),
            "monthly cap": money(rule.monthly_cap_micros),
            "recharged this month": money(rule.recharged_this_month_micros),
            "payment method": rule.payment_method_id,
            **({"backup method": rule.backup_payment_method_id} if rule.backup_payment_method_id else {}),
            **({"funds count as gone": f"{rule.expiry_ahead_days} days early"} if rule.expiry_ahead_days else {}),
            "standing": rule.standing.replace("_", " "),
            **({"paused by": rule.paused} if rule.paused else {}),
            **({"declined in a row": str(rule.declines)} if rule.declines else {}),
            **({"may act again": moment_text(rule.retry_at)} if rule.retry_at else {}),
            "next": _STEPS[step.kind] if step.kind is NextKind.WATCH else f"{_STEPS[step.kind]} {soon}".rstrip(),
            **({"funds that expire do so at": soon} if step.kind is NextKind.WATCH and soon else {}),
            **({"now": "a recharge has begun"} if recharge_started else {}),
        }
    )


_STEPS: Final[Mapping[NextKind, str]] = {
    NextKind.NOTHING: "nothing: switched off, or not allowed to buy",
    NextKind.WATCH: "a recharge when the balance falls below the amount above",
    NextKind.CHARGE: "a recharge now",
    NextKind.ANSWER: "the gateway's answer",
    NextKind.APPROVAL: "the payer approves, or the attempt is given up at",
    NextKind.COOL_DOWN: "a recharge, after the cool-down, at",
    NextKind.RETRY: "another attempt, after the decline, at",
    NextKind.SAVE: "nothing: suspended until the rule is saved",
    NextKind.LOOK: "nothing: paused until the rule is saved",
    NextKind.NEXT_MONTH: "nothing more this month: the cap; it ends at",
}
