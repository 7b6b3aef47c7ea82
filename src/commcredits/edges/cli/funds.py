"""Commands by which funds come: a purchase, a promotional grant.

Knows how a payment can end. Refuses to know when one is allowed.
"""

from __future__ import annotations

from typing import Annotated

import typer

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.cli.options import (
    TAKES_NEGATIVE_TEXT,
    AmountMicros,
    AsJson,
    CommandId,
    Instant,
    OrganizationId,
)
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.payments import write_top_up
from commcredits.edges.cli.refusing import REFUSALS, ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    complain,
    document_of,
    moment_text,
    progress,
    write_facts,
    write_json,
)


def commands(parts: Parts) -> typer.Typer:
    """The group ``funds``."""
    group = typer.Typer(help="Buy funds, grant promotional ones.", no_args_is_help=True)
    _add_purchase(group, parts)
    _add_promotion(group, parts)
    return group


def _add_purchase(group: typer.Typer, parts: Parts) -> None:
    @group.command("add", context_settings=TAKES_NEGATIVE_TEXT)
    def add_funds(
        organization: OrganizationId,
        amount: AmountMicros,
        payment_method: Annotated[str, typer.Option(help="The id of the payment method that pays.")],
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Buy funds with a stored payment method. Status 1 when it is declined, 5 when it is not settled yet."""
        from commcredits.core.purchases import TopUpState
        from commcredits.operations import funding
        from commcredits.storage.payments import TopUpRecord

        async def work() -> TopUpRecord:
            async with parts.open_services(with_gateways=True) as opened:
                with progress("waiting for the gateway"):
                    return taken(
                        await funding.add_funds(
                            opened.services,
                            organization_id=organization,
                            command_id=command_id or opened.services.new_id(),
                            amount_micros=amount,
                            payment_method_id=payment_method,
                        )
                    )

        top_up = run(work())
        write_top_up(top_up, as_json=as_json)
        match top_up.state:
            case TopUpState.SUCCEEDED:
                return
            case TopUpState.DECLINED:
                code = RefusalCode.PAYMENT_DECLINED
                complain(f"{REFUSALS[code]} [{code}: reason {top_up.reason}]")
                raise typer.Exit(ExitStatus.REFUSED)
            case _:
                complain("the payment is not settled yet; `commcredits top-ups` shows what becomes of it")
                raise typer.Exit(ExitStatus.NOT_SETTLED)


def _add_promotion(group: typer.Typer, parts: Parts) -> None:
    @group.command("promote", context_settings=TAKES_NEGATIVE_TEXT)
    def grant_promotion(
        organization: OrganizationId,
        amount: AmountMicros,
        expires_at: Instant,
        reason: Annotated[str, typer.Option(help="Why they are granted.")],
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Grant promotional funds, which are used before paid ones."""
        from commcredits.core.outcomes import LotGranted
        from commcredits.operations import funding

        async def work() -> LotGranted:
            async with parts.open_services() as opened:
                return taken(
                    await funding.grant_promotion(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        amount_micros=amount,
                        expires_at=expires_at,
                        reason=reason,
                    )
                )

        granted = run(work())
        if as_json:
            write_json(document_of(granted))
        else:
            write_facts(
                {
                    "fund lot": granted.lot_id,
                    "amount": f"{amount_text(granted.amount_micros)} {granted.currency}",
                    "expires": moment_text(granted.expires_at),
                }
            )
