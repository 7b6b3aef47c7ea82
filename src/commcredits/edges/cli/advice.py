"""The command that shows advice: what to set, what the month will cost, what is unusual, who is on the wrong plan.

Knows what is shown. Refuses to work anything out: the worker does, each hour.
"""

from __future__ import annotations

from typing import Annotated

import typer

from commcredits.core.advice_series import ONE
from commcredits.core.money import format_micros
from commcredits.edges.cli.options import AsJson, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import amount_text, document_of, moment_text, write_facts, write_json, write_table
from commcredits.edges.cli.writing import write_line as say


def add_commands(app: typer.Typer, parts: Parts) -> None:
    """Add the command to the application."""

    @app.command("advice")
    def show_advice(
        organization: OrganizationId,
        plans: Annotated[bool, typer.Option("--plans", help="Who would be cheaper on another Calling Plan.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Show what is advised for an organization, as it was last worked out."""
        if plans:
            _show_plans(parts, organization, as_json=as_json)
        else:
            _show_advice(parts, organization, as_json=as_json)


def _show_advice(parts: Parts, organization: str, *, as_json: bool) -> None:
    from commcredits.operations import advice
    from commcredits.operations.advice import Advice

    async def work() -> Advice:
        async with parts.open_services() as opened:
            return taken(await advice.read_advice(opened.services, organization_id=organization))

    found = run(work())
    if as_json:
        write_json(document_of(found))
        return
    if found.as_of is None:
        say("Nothing has been worked out yet: the worker does so within a minute of the first call.")
        return
    facts = {"as of": moment_text(found.as_of), "whole days seen": str(found.days)}
    if found.month is not None:
        total = found.month.total
        facts |= {
            "spent this month": f"{amount_text(found.month.spent_micros)} {found.currency}",
            "by its end": f"{amount_text(total.micros)} {found.currency} ({amount_text(total.low_micros)} to "
            f"{amount_text(total.high_micros)} in eight cases of ten)",
        }
        if found.month.days_left is not None:
            days = found.month.days_left.days
            facts["balance lasts"] = "longer than a year" if days is None else f"{days} days"
    if found.recharge is not None:
        facts |= {
            "recharge amount": f"{amount_text(found.recharge.recharge_micros)} {found.currency}",
            "when the balance falls below": f"{amount_text(found.recharge.trigger_micros)} {found.currency}",
            "monthly cap": f"{amount_text(found.recharge.cap_micros)} {found.currency}",
            "chance to run dry in a month": f"{percent(found.recharge.chosen.risk)} "
            f"(at most {percent(found.recharge.chosen.high)})",
        }
    if found.rule_risk is not None:
        facts["with the rule as it is"] = percent(found.rule_risk)
    for each in found.expiring or ():
        unused = f"{amount_text(each.lot.unused.micros)} {found.currency}"
        facts[f"expires {moment_text(each.lot.expires_at)}"] = f"{unused} likely unused"
    write_facts(facts)
    if found.anomalies:
        write_table(
            ("unusual", "day", "whose", "usual ", "spent ", "currency"),
            (
                (
                    each.anomaly.kind.value,
                    each.anomaly.day.isoformat(),
                    each.name or each.anomaly.subject,
                    amount_text(each.anomaly.usual_micros),
                    amount_text(each.anomaly.charged_micros),
                    found.currency,
                )
                for each in found.anomalies
            ),
        )


def _show_plans(parts: Parts, organization: str, *, as_json: bool) -> None:
    from commcredits.operations import advice
    from commcredits.operations.advice import Plans

    async def work() -> Plans:
        async with parts.open_services() as opened:
            return taken(await advice.read_plan_advice(opened.services, organization_id=organization))

    found = run(work())
    if as_json:
        write_json(document_of(found))
        return
    if not found.is_priced and found.moves:
        say("Nobody has set what licences cost (COMMCREDITS_PLAN_PRICES): credits alone are compared.")
    write_table(
        ("user", "country", "now", "better", "saves a month ", "currency", "months"),
        (
            (
                each.person.user_principal_name,
                each.move.country,
                each.move.old.value,
                each.move.new.value,
                amount_text(each.move.saving_micros),
                found.currency,
                f"{each.move.months_held} of {each.move.months}",
            )
            for each in found.moves
        ),
    )


def percent(share: int) -> str:
    """A share in millionths as per cent: 0.42 %."""
    assert 0 <= share <= ONE, "a share of one"
    return f"{format_micros(share * 100)} %"
