"""Commands on the audit log: who did what, the log as a file, where it ends, and the proof that nobody rewrote it.

Knows arguments and what is shown. Refuses to know how entries are chained.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Final

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit, instant_option
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    complain,
    instant_text,
    listing_of,
    moment_text,
    say_more,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from collections.abc import AsyncIterator, Sequence

    from commcredits.operations.audit_checking import AuditProof
    from commcredits.operations.audit_log import AuditedAct
    from commcredits.operations.paging import Page
    from commcredits.operations.services import Services
    from commcredits.storage.audit import ChainHead

Begins = Annotated[Any, instant_option("--from", "Acts at this instant or later.")]
Ends = Annotated[Any, instant_option("--to", "Acts before this instant.")]
OfOrganization = Annotated[
    str | None, typer.Option("--organization", metavar="ID", help="This organization's log alone; else all of them.")
]

Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=TEXT",
        help="Those alone with this actor (an id or a name), operation or subject; may be given many times.",
    ),
]
_FILTERS: Final = ("actor", "operation", "subject")


def commands(parts: Parts) -> typer.Typer:
    """The group ``audit``."""
    group = typer.Typer(help="See who did what, and prove that nobody rewrote it.", no_args_is_help=True)
    _add_list(group, parts)
    _add_export(group, parts)
    _add_head(group, parts)
    _add_verify(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_acts(
        organization: OfOrganization = None,
        begins: Begins = None,
        ends: Ends = None,
        where: Where = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List what was done, latest first: who, when, from where, and what it changed."""
        from commcredits.operations.audit_log import AuditQuery

        query = AuditQuery(begins=begins, ends=ends, **_filters(where or ()))

        async def work() -> Page[AuditedAct]:
            async with parts.open_services() as opened:
                return await _listed(opened.services, organization, query, cursor=cursor, limit=limit)

        page = run(work())
        if as_json:
            write_json(listing_of((_document(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("entry ", "when", "who", "from", "what", "about", "outcome", "changes"),
            (_cells(each) for each in page.items),
        )
        say_more(page.next_cursor)


def _filters(where: Sequence[str]) -> dict[str, str]:
    filters: dict[str, str] = {}
    for each in where:
        name, equals, text = each.partition("=")
        if name not in _FILTERS or not equals or name in filters:
            allowed = " or ".join(f"{known}=TEXT" for known in _FILTERS)
            raise typer.BadParameter(f"{each[:32]!r} is not {allowed}, each once", param_hint="--where")
        filters[name] = text
    return filters


async def _listed(
    services: Services, organization: str | None, query: Any, *, cursor: str | None, limit: int
) -> Page[AuditedAct]:
    from commcredits.operations import audit_log

    if organization is None:
        return taken(await audit_log.list_all_audit(services, query=query, cursor=cursor, limit=limit))
    return taken(
        await audit_log.list_audit(services, organization_id=organization, query=query, cursor=cursor, limit=limit)
    )


def _cells(act: AuditedAct) -> tuple[str, ...]:
    outcome = f"{act.outcome.value} ({act.code})" if act.code else act.outcome.value
    changes = (f"{name}: {_short(before)} → {_short(after)}" for name, before, after in act.changes)
    return (
        str(act.sequence),
        moment_text(act.at),
        act.actor_name,
        " ".join(filter(None, (act.edge, act.source))),
        act.operation.replace("_", " "),
        "\n".join(filter(None, (act.subject, act.made))),
        outcome,
        "\n".join(changes) or act.reason,
    )


def _short(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _document(act: AuditedAct) -> dict[str, object]:
    names = ("organization_id", "sequence", "answer_sequence", "actor_kind", "actor_id", "actor_name")
    words = ("source", "operation", "subject", "made", "code", "reason")
    return {
        **{name: getattr(act, name) for name in names},
        "at": instant_text(act.at),
        "answered_at": None if act.answered_at is None else instant_text(act.answered_at),
        "roles": list(act.roles),
        "interface": act.edge,
        **{name: getattr(act, name) for name in words},
        "outcome": act.outcome.value,
        "parameters": dict(act.parameters),
        "before": dict(act.before),
        "after": dict(act.after),
    }


def _add_export(group: typer.Typer, parts: Parts) -> None:
    @group.command("export")
    def export(
        organization: OfOrganization = None,
        begins: Begins = None,
        ends: Ends = None,
        form: Annotated[str, typer.Option("--format", help="csv or jsonl.")] = "csv",
        output: Annotated[str, typer.Option(help="A file; - is standard output.")] = "-",
    ) -> None:
        """Write the log as a file, entry by entry as it was hashed: for spreadsheets, or to reckon the hashes again."""
        from commcredits.operations.audit_export import AuditForm, export_all_audit, export_audit

        known = {each.value: each for each in AuditForm}
        if form not in known:
            raise typer.BadParameter(f"{form[:32]!r} is none of {', '.join(known)}", param_hint="--format")

        async def pieces(services: Services) -> AsyncIterator[bytes]:
            period: dict[str, Any] = {"form": known[form], "begins": begins, "ends": ends}
            if organization is None:
                return taken(await export_all_audit(services, **period))
            return taken(await export_audit(services, organization_id=organization, **period))

        async def write(file: IO[bytes]) -> None:
            async with parts.open_services() as opened:
                async for piece in await pieces(opened.services):
                    file.write(piece)
                file.flush()

        if output == "-":
            run(write(sys.stdout.buffer))
            return
        try:
            with Path(output).open("wb") as file:
                run(write(file))
        except OSError as error:
            complain(f"--output: {output!r} cannot be written: {error.strerror}")
            raise typer.Exit(ExitStatus.CANNOT_RUN) from None


def _add_head(group: typer.Typer, parts: Parts) -> None:
    @group.command("head")
    def head(organization: OfOrganization = None, as_json: AsJson = False) -> None:
        """Say where each log ends, as an anchor to keep elsewhere: `audit verify --since` finds a rewritten log."""
        from commcredits.operations import audit_log
        from commcredits.operations.audit_checking import write_anchor

        async def work() -> tuple[ChainHead, ...]:
            async with parts.open_services() as opened:
                if organization is None:
                    return taken(await audit_log.list_audit_heads(opened.services))
                found = taken(await audit_log.get_audit_head(opened.services, organization_id=organization))
                return () if found is None else (found,)

        heads = run(work())
        if as_json:
            write_json(
                listing_of(
                    {
                        "organization_id": each.organization_id,
                        "sequence": each.sequence,
                        "hash": each.hash.hex(),
                        "anchor": write_anchor(each),
                    }
                    for each in heads
                )
            )
            return
        for each in heads:
            write_line(write_anchor(each))


def _add_verify(group: typer.Typer, parts: Parts) -> None:
    @group.command("verify")
    def verify(
        since: Annotated[
            str | None, typer.Option(metavar="ANCHOR", help="What `audit head` gave: its log alone, from there on.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Prove that nobody rewrote the log, or name every entry that is not what it was, and end with status 4."""
        from commcredits.operations.audit_checking import read_anchor, verify_audit

        async def work() -> AuditProof:
            anchor = None if since is None else taken(read_anchor(since))
            async with parts.open_services() as opened:
                return taken(await verify_audit(opened.services, since=anchor))

        proof = run(work())
        faults = [(each.organization_id, each.sequence, each.fault.value) for each in proof.faults]
        if as_json:
            named = ("organization_id", "sequence", "fault")
            found = [dict(zip(named, each, strict=True)) for each in faults]
            write_json({"chains": proof.chains, "entries": proof.entries, "faults": found})
        elif faults:
            write_table(
                ("organization", "entry ", "fault"),
                ((whose, str(sequence), fault.replace("_", " ")) for whose, sequence, fault in faults),
            )
        else:
            write_line(f"The log holds (chains: {proof.chains}, entries: {proof.entries}).")
        if faults:
            complain(f"the log was changed in {len(faults)} places")
            raise typer.Exit(ExitStatus.BOOKS_DISAGREE)
