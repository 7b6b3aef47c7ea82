"""Commands on blocks: list them with their reasons, set one by hand, lift one.

Knows arguments and what is shown. Refuses to know which calls a block stops; the core does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, CommandId, Cursor, Limit, OrganizationId
from commcredits.edges.cli.parts import Parts
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
    from commcredits.operations.blocks import BlockRecord
    from commcredits.operations.paging import Page

OPERATOR: Final = "operator"
"""Who lifts a block at the terminal."""

_KINDS: Final = {"user": "user", "country": "destination"}


def commands(parts: Parts) -> typer.Typer:
    """The group ``blocks``."""
    group = typer.Typer(help="See what is blocked and why, block by hand, lift blocks.", no_args_is_help=True)
    _add_list(group, parts)
    _add_adding(group, parts)
    _add_lifting(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_blocks(
        organization: OrganizationId,
        everything: Annotated[bool, typer.Option("--all", help="Lifted ones as well.")] = False,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List an organization's blocks that are in force, newest first."""
        from commcredits.operations import blocks

        async def work() -> Page[BlockRecord]:
            async with parts.open_services() as opened:
                return taken(
                    await blocks.list_blocks(
                        opened.services,
                        organization_id=organization,
                        in_force=not everything,
                        cursor=cursor,
                        limit=limit,
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("block", "what", "who or where", "reason", "limit ", "spent ", "currency", "since", "lifted", "by"),
            (_cells(each) for each in page.items),
        )
        say_more(page.next_cursor)


def _add_adding(group: typer.Typer, parts: Parts) -> None:
    @group.command("add")
    def set_block(
        organization: OrganizationId,
        kind: Annotated[str, typer.Argument(metavar="user|country", help="What is blocked.")],
        subject: Annotated[
            str, typer.Argument(metavar="SUBJECT", help="Object id or user principal name; or a country's code.")
        ],
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Refuse a user's charged calls, or charged calls to a country, until the block is lifted."""
        from commcredits.operations import blocks

        if kind not in _KINDS:
            raise typer.BadParameter(f"{kind[:32]!r} is not user or country", param_hint="'user|country'")

        async def work() -> BlockRecord:
            async with parts.open_services() as opened:
                return taken(
                    await blocks.set_block(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        kind=_KINDS[kind],
                        subject=subject,
                    )
                )

        block = run(work())
        if as_json:
            write_json(document_of(block))
        else:
            write_line(f"{_name(block)} is blocked ({block.block_id}).")


def _add_lifting(group: typer.Typer, parts: Parts) -> None:
    @group.command("lift")
    def lift_block(
        organization: OrganizationId,
        block: Annotated[str, typer.Argument(metavar="BLOCK", help="The block's id.")],
        lifted_by: Annotated[str, typer.Option(help="Who lifts it, for the record.")] = OPERATOR,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Let calls go on at once."""
        from commcredits.operations import blocks

        async def work() -> BlockRecord:
            async with parts.open_services() as opened:
                return taken(
                    await blocks.lift_block(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        block_id=block,
                        lifted_by=lifted_by,
                    )
                )

        lifted = run(work())
        if as_json:
            write_json(document_of(lifted))
        else:
            write_line(f"{_name(lifted)} is not blocked any more ({lifted.block_id}).")


def _cells(block: BlockRecord) -> tuple[str, ...]:
    return (
        block.block_id,
        "user" if block.kind == "user" else "country",
        _name(block),
        block.reason.replace("_", " "),
        "" if block.limit_micros is None else amount_text(block.limit_micros),
        "" if block.spent_micros is None else amount_text(block.spent_micros),
        block.currency,
        moment_text(block.blocked_at),
        moment_text(block.lifted_at),
        block.lifted_by,
    )


def _name(block: BlockRecord) -> str:
    """Whom or what it stops, as people say it."""
    return block.user_principal_name or block.subject
