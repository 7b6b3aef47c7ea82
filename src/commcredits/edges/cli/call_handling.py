"""Commands on single calls: cut a running one, give back what one was charged, list what was noticed.

Knows arguments and what is shown. Refuses to know how a switch is told, and what is flagged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.edges.cli.adjustments import CONSOLE, ActingAs
from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, CommandId, Cursor, Limit, OrganizationId, whole_option
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refund_requests import write_request
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    amount_text,
    document_of,
    listing_of,
    moment_text,
    say_more,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.outcomes import Ended
    from commcredits.operations.call_cuts import CutOrder
    from commcredits.operations.call_flags import FlagRecord
    from commcredits.operations.paging import Page
    from commcredits.operations.refund_requests import RefundRequest

OPERATOR: Final = "operator"
"""Who orders a cut at the terminal."""

_SECONDS_MAX: Final = 315_360_000

SessionId = Annotated[str, typer.Argument(metavar="SESSION_ID", help="The call's id.")]


def add_commands(group: typer.Typer, parts: Parts) -> None:
    """The commands ``cut``, ``refund`` and ``flags`` of the group ``calls``."""
    _add_cut(group, parts)
    _add_refund(group, parts)
    _add_flags(group, parts)


def _add_cut(group: typer.Typer, parts: Parts) -> None:
    @group.command("cut")
    def cut_call(
        organization: OrganizationId,
        session_id: SessionId,
        reason: Annotated[str, typer.Option(help="One word that the switch passes on.")] = OPERATOR,
        as_json: AsJson = False,
    ) -> None:
        """Have a running call cut by its switch."""
        from commcredits.operations import call_cuts

        async def work() -> CutOrder:
            async with parts.open_services() as opened:
                return taken(
                    await call_cuts.cut_call(
                        opened.services,
                        organization_id=organization,
                        session_id=session_id,
                        reason=reason,
                        ordered_by=OPERATOR,
                    )
                )

        order = run(work())
        if as_json:
            write_json(document_of(order))
            return
        write_line(f"{order.switch} is told to cut {order.session_id}")


def _add_refund(group: typer.Typer, parts: Parts) -> None:
    @group.command("refund")
    def refund_call(
        organization: OrganizationId,
        session_id: SessionId,
        used_seconds: Annotated[int, whole_option("How many of its seconds stay charged", 0, _SECONDS_MAX)] = 0,
        reason: Annotated[str, typer.Option(help="Why, for whoever has to agree.")] = "",
        acting_as: ActingAs = CONSOLE,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Give back what a call that is over was charged, wholly or for its last part."""
        from commcredits.core.outcomes import Ended
        from commcredits.operations import refund_asking
        from commcredits.operations.refund_requests import RefundRequest

        async def work() -> Ended | RefundRequest:
            async with parts.open_services() as opened:
                refunded = taken(
                    await refund_asking.request_call_refund(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        session_id=session_id,
                        used_seconds=used_seconds,
                        reason=reason,
                        requested_by=acting_as,
                    )
                )
                assert isinstance(refunded, Ended | RefundRequest), refunded
                return refunded

        ended = run(work())
        if isinstance(ended, RefundRequest):
            write_request(ended, as_json=as_json)
            return
        if as_json:
            write_json(document_of(ended, without=("pool_minutes",), session_id=session_id))
            return
        write_line(
            f"{session_id} is charged {amount_text(ended.charged_micros)} {ended.currency}"
            f" for {ended.duration_seconds} seconds"
        )


def _add_flags(group: typer.Typer, parts: Parts) -> None:
    @group.command("flags")
    def list_flags(
        organization: Annotated[str | None, typer.Option(help="Those of this organization's calls alone.")] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List calls that an operator should look at, newest first."""
        from commcredits.operations import call_flags

        async def work() -> Page[FlagRecord]:
            async with parts.open_services() as opened:
                return taken(
                    await call_flags.list_flags(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("noticed", "organization", "call", "what", "facts"),
            (
                (
                    moment_text(each.noticed_at),
                    each.organization_id or "",
                    each.session_id,
                    each.kind.value,
                    ", ".join(f"{name} {value}" for name, value in each.facts.items()),
                )
                for each in page.items
            ),
        )
        say_more(page.next_cursor)
