"""Commands by which the operator gives and takes funds by hand, and a second person agrees.

Knows columns, and that the command line takes a name on trust. Refuses to know who has to agree.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from commcredits.core.money import MoneyError, parse_micros
from commcredits.edges.cli.options import (
    LIMIT_DEFAULT,
    TAKES_NEGATIVE_TEXT,
    AsJson,
    CommandId,
    Cursor,
    Limit,
    OrganizationId,
)
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

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.adjustments import Adjustment
    from commcredits.operations.services import Services

CONSOLE: Final = "console"
"""Who acts where nobody says who: not the name of the system's user, who need not be anybody's own."""

ActingAs = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who does this; it is written down, and taken on trust here.")
]
AdjustmentId = Annotated[str, typer.Argument(metavar="ADJUSTMENT", help="The adjustment's id.")]


def _signed(text: str) -> int:
    try:
        return parse_micros(text)
    except MoneyError as error:
        raise typer.BadParameter(str(error)) from None


SignedAmount = Annotated[
    int,
    typer.Argument(metavar="AMOUNT", parser=_signed, help="Decimal, such as 5.00; negative to take funds: -5.00."),
]


def commands(parts: Parts) -> typer.Typer:
    """The group ``adjustments``."""
    group = typer.Typer(help="Give or take funds by hand, and agree to it.", no_args_is_help=True)
    _add_request(group, parts)
    _add_list(group, parts)
    _add_decisions(group, parts)
    return group


def _add_request(group: typer.Typer, parts: Parts) -> None:
    @group.command("request", context_settings=TAKES_NEGATIVE_TEXT)
    def request_adjustment(
        organization: OrganizationId,
        amount: SignedAmount,
        reason: Annotated[str, typer.Option(help="Why, in 3 to 500 characters.")],
        acting_as: ActingAs = CONSOLE,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Give funds, or take them: at once up to the operator's limit, else once somebody else approves it."""
        from commcredits.operations import adjustments

        async def work() -> Adjustment:
            async with parts.open_services() as opened:
                return taken(
                    await adjustments.request_adjustment(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        amount_micros=amount,
                        reason=reason,
                        requested_by=acting_as,
                    )
                )

        _write(run(work()), as_json=as_json)


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_adjustments(
        organization: OrganizationId,
        state: Annotated[
            str | None, typer.Option(help="Those alone that are pending, approved, applied, refused or rejected.")
        ] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List an organization's adjustments, newest first."""
        from commcredits.operations import adjustments
        from commcredits.operations.paging import Page

        known = {each.value: each for each in adjustments.AdjustmentState}
        if state is not None and state not in known:
            raise typer.BadParameter(f"{state[:32]!r} is none of {', '.join(known)}")

        async def work() -> Page[Adjustment]:
            async with parts.open_services() as opened:
                return taken(
                    await adjustments.list_adjustments(
                        opened.services,
                        organization_id=organization,
                        cursor=cursor,
                        limit=limit,
                        state=None if state is None else known[state],
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("adjustment", "state", "amount ", "currency", "requested by", "decided by", "at", "reason"),
            (
                (
                    each.adjustment_id,
                    each.state,
                    amount_text(each.amount_micros),
                    each.currency,
                    each.requested_by,
                    each.decided_by,
                    moment_text(each.requested_at),
                    each.reason,
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)


def _add_decisions(group: typer.Typer, parts: Parts) -> None:
    @group.command("approve")
    def approve_adjustment(
        organization: OrganizationId,
        adjustment: AdjustmentId,
        acting_as: ActingAs = CONSOLE,
        as_json: AsJson = False,
    ) -> None:
        """Agree to an adjustment that somebody else has asked for; it is applied at once."""
        from commcredits.operations import adjustments

        async def decide(services: Services) -> Any:
            return await adjustments.approve_adjustment(
                services, organization_id=organization, adjustment_id=adjustment, approved_by=acting_as
            )

        _write(_decided(parts, decide), as_json=as_json)

    @group.command("reject")
    def reject_adjustment(
        organization: OrganizationId,
        adjustment: AdjustmentId,
        acting_as: ActingAs = CONSOLE,
        as_json: AsJson = False,
    ) -> None:
        """Do not agree to a pending adjustment, or take one's own back."""
        from commcredits.operations import adjustments

        async def decide(services: Services) -> Any:
            return await adjustments.reject_adjustment(
                services, organization_id=organization, adjustment_id=adjustment, rejected_by=acting_as
            )

        _write(_decided(parts, decide), as_json=as_json)


def _decided(parts: Parts, decide: Callable[[Services], Coroutine[Any, Any, Any]]) -> Adjustment:
    async def work() -> Adjustment:
        async with parts.open_services() as opened:
            decided: Adjustment = taken(await decide(opened.services))
            return decided

    return run(work())


def _write(adjustment: Adjustment, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(adjustment))
        return
    owed = adjustment.owed_micros
    write_facts(
        {
            "adjustment": adjustment.adjustment_id,
            "state": adjustment.state,
            "amount": f"{amount_text(adjustment.amount_micros)} {adjustment.currency}",
            "requested by": adjustment.requested_by,
            **({"decided by": adjustment.decided_by} if adjustment.decided_by else {}),
            **({"not there, owed": f"{amount_text(owed)} {adjustment.currency}"} if owed else {}),
            **({"refused": adjustment.refusal} if adjustment.refusal else {}),
        }
    )
