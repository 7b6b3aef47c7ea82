"""Commands on what an organization brings with it from another system: opening balances, people, numbers.

Knows files, and that each can be tried before. Refuses to know what may move in; the operations do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from commcredits.edges.cli.files import opened_file, pieces_of, size_of, wrong_lines
from commcredits.edges.cli.options import AsJson, DryRun, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.people_writing import write_import
from commcredits.edges.cli.refusing import RefusedError, sentence_of, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import amount_text, complain, document_of, progress, write_facts, write_json

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.outcomes import Refused
    from commcredits.operations.moving_in import LotImport
    from commcredits.operations.moving_in_numbers import NumberImport
    from commcredits.operations.services import Services

T = TypeVar("T")

File = Annotated[str, typer.Argument(metavar="FILE", help="CSV in UTF-8 with a header row; - reads it from a pipe.")]


def commands(parts: Parts) -> typer.Typer:
    """The group ``move-in``."""
    group = typer.Typer(help="Take over what an organization brings with it from another system.", no_args_is_help=True)
    _add_lots(group, parts)
    _add_people(group, parts)
    _add_numbers(group, parts)
    return group


def _add_lots(group: typer.Typer, parts: Parts) -> None:
    @group.command("lots")
    def import_lots(organization: OrganizationId, file: File, dry_run: DryRun = False, as_json: AsJson = False) -> None:
        """Import opening balances with their own dates and expiries, each once however often its file comes."""
        from commcredits.operations import moving_in

        report = _imported(
            parts,
            file,
            "opening balances",
            lambda services, pieces, tell: moving_in.import_lots(
                services, organization_id=organization, source=pieces, dry_run=dry_run, progress=tell
            ),
        )
        amounts = {"amount": report.amount_micros, "promotional of it": report.promotional_micros}
        facts = {
            _done("added", dry_run=dry_run): str(report.added),
            "known before": str(report.known),
            **{name: f"{amount_text(micros)} {report.currency}" for name, micros in amounts.items()},
        }
        _write(report, facts, dry_run=dry_run, as_json=as_json)


def _add_people(group: typer.Typer, parts: Parts) -> None:
    @group.command("people")
    def import_people(
        organization: OrganizationId, file: File, dry_run: DryRun = False, as_json: AsJson = False
    ) -> None:
        """Import users and resource accounts with their licences and numbers, all of a file or nothing."""
        from commcredits.operations import people_import

        report = _imported(
            parts,
            file,
            "people",
            lambda services, pieces, tell: people_import.import_people(
                services,
                organization_id=organization,
                source=pieces,
                dry_run=dry_run,
                progress=lambda _what, count: tell(count),
            ),
        )
        write_import(report, dry_run=dry_run, as_json=as_json)


def _add_numbers(group: typer.Typer, parts: Parts) -> None:
    @group.command("numbers")
    def import_numbers(
        organization: OrganizationId, file: File, dry_run: DryRun = False, as_json: AsJson = False
    ) -> None:
        """Import telephone numbers and say whom they serve, all of a file or nothing."""
        from commcredits.operations import moving_in_numbers

        report = _imported(
            parts,
            file,
            "numbers",
            lambda services, pieces, tell: moving_in_numbers.import_numbers(
                services, organization_id=organization, source=pieces, dry_run=dry_run, progress=tell
            ),
        )
        facts = {
            _done("added", dry_run=dry_run): str(report.added),
            _done("changed", dry_run=dry_run): str(report.changed),
            "unchanged": str(report.unchanged),
            _done("assigned", dry_run=dry_run): str(report.assigned),
        }
        _write(report, facts, dry_run=dry_run, as_json=as_json)


def _imported(
    parts: Parts,
    file: str,
    what: str,
    work: Callable[[Services, AsyncIterator[bytes], Callable[[int], None]], Awaitable[T | Refused]],
) -> T:
    """What importing a file gives, with a word on how far it is read."""

    async def done() -> T:
        with opened_file(file) as source, progress(f"reading {what}") as update:
            update(total=size_of(source))
            pieces = pieces_of(source, lambda count: update(completed=count))
            async with parts.open_services() as opened:
                return taken(
                    await work(opened.services, pieces, lambda count: update(description=f"{count} {what} read"))
                )

    return run(done())


def _write(report: LotImport | NumberImport, facts: dict[str, str], *, dry_run: bool, as_json: bool) -> None:
    """What a file did, or would do. Raises typer.Exit when it was, or would be, refused."""
    refused = report.refused
    if as_json and (dry_run or refused is None):
        refusal = None if refused is None else {**refused.facts, "code": refused.code, "detail": sentence_of(refused)}
        write_json(document_of(report, without=("refused",), refusal=refusal))
    elif dry_run or refused is None:
        write_facts(facts)
    if report.errors:
        raise wrong_lines(report.errors, report.error_count)
    if refused is not None:
        complain(sentence_of(refused))
        raise typer.Exit(RefusedError(refused).status)


def _done(what: str, *, dry_run: bool) -> str:
    return f"would be {what}" if dry_run else what
