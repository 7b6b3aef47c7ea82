"""Commands on auto-recharge: put a rule in force, see how it stands, switch it off.

Knows arguments and what is shown. Refuses to know what a rule may say, and when it recharges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.options import AsJson, CommandId, OrganizationId, amount_option
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import amount_text, complain, document_of, moment_text, write_facts, write_json

if TYPE_CHECKING:
    from commcredits.operations.recharging import AutoRecharge
    from commcredits.operations.services import Services

_Amount = Annotated[int, amount_option("How much each recharge adds.")]
_Trigger = Annotated[int, amount_option("Recharge when the available balance falls below this.")]
_Cap = Annotated[int | None, amount_option("Most that a calendar month may recharge. Default: ten recharges.")]


def commands(parts: Parts) -> typer.Typer:
    """The group ``auto-recharge``."""
    group = typer.Typer(help="Buy funds automatically when the balance falls below an amount.", no_args_is_help=True)
    _add_set(group, parts)
    _add_show(group, parts)
    _add_off(group, parts)
    return group


def _add_set(group: typer.Typer, parts: Parts) -> None:
    @group.command("set")
    def save_auto_recharge(
        organization: OrganizationId,
        recharge_amount: _Amount,
        trigger_amount: _Trigger,
        payment_method: Annotated[str, typer.Option(help="The id of the payment method that pays.")],
        monthly_cap: _Cap = None,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Put an auto-recharge rule in force; below its trigger amount it recharges at once."""
        from commcredits.operations import recharging

        async def work() -> tuple[AutoRecharge, str, bool]:
            async with parts.open_services() as opened:
                saved = taken(
                    await recharging.save_auto_recharge(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        enabled=True,
                        recharge_amount_micros=recharge_amount,
                        trigger_amount_micros=trigger_amount,
                        monthly_cap_micros=monthly_cap,
                        payment_method_id=payment_method,
                    )
                )
                rule, currency = await _read(opened.services, organization)
                assert rule is not None, "it was just saved"
                return rule, currency, saved.recharge_started

        rule, currency, recharge_started = run(work())
        _write_rule(rule, currency, as_json=as_json, recharge_started=recharge_started)


def _add_show(group: typer.Typer, parts: Parts) -> None:
    @group.command("show")
    def show_auto_recharge(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Show the rule, how it stands, and what it has bought this month."""

        async def work() -> tuple[AutoRecharge | None, str]:
            async with parts.open_services() as opened:
                return await _read(opened.services, organization)

        rule, currency = run(work())
        if rule is None:
            complain("the organization has no auto-recharge rule")
            raise typer.Exit(ExitStatus.REFUSED)
        _write_rule(rule, currency, as_json=as_json)


def _add_off(group: typer.Typer, parts: Parts) -> None:
    @group.command("off")
    def switch_off(organization: OrganizationId, command_id: CommandId = None, as_json: AsJson = False) -> None:
        """Switch auto-recharge off at once; an attempt that was not sent yet is cancelled."""
        from commcredits.operations import recharging

        async def work() -> tuple[AutoRecharge | None, str]:
            async with parts.open_services() as opened:
                rule, currency = await _read(opened.services, organization)
                if rule is None:
                    return None, currency
                taken(
                    await recharging.save_auto_recharge(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        enabled=False,
                        recharge_amount_micros=rule.recharge_amount_micros,
                        trigger_amount_micros=rule.trigger_amount_micros,
                        monthly_cap_micros=rule.monthly_cap_micros,
                        payment_method_id=rule.payment_method_id,
                    )
                )
                return await _read(opened.services, organization)

        rule, currency = run(work())
        if rule is None:
            complain("the organization has no auto-recharge rule: nothing to switch off")
            return
        _write_rule(rule, currency, as_json=as_json)


async def _read(services: Services, organization_id: str) -> tuple[AutoRecharge | None, str]:
    """The rule, if there is one, and the currency of its amounts."""
    from commcredits.operations import recharging
    from commcredits.operations.organizations import get_organization

    organization = taken(await get_organization(services, organization_id=organization_id))
    rule = taken(await recharging.read_auto_recharge(services, organization_id=organization_id))
    return rule, organization.currency


def _write_rule(rule: AutoRecharge, currency: str, *, as_json: bool, recharge_started: bool | None = None) -> None:
    if as_json:
        document = document_of(rule, currency=currency)
        write_json(document if recharge_started is None else {**document, "recharge_started": recharge_started})
        return
    write_facts(
        {
            "auto-recharge": "on" if rule.enabled else "off",
            "recharge amount": f"{amount_text(rule.recharge_amount_micros)} {currency}",
            "when the balance falls below": f"{amount_text(rule.trigger_amount_micros)} {currency}",
            "monthly cap": f"{amount_text(rule.monthly_cap_micros)} {currency}",
            "recharged this month": f"{amount_text(rule.recharged_this_month_micros)} {currency}",
            "payment method": rule.payment_method_id,
            "standing": rule.standing.replace("_", " "),
            **({"may act again": moment_text(rule.retry_at)} if rule.retry_at else {}),
            **({"now": "a recharge has begun"} if recharge_started else {}),
        }
    )
