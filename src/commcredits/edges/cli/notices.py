"""Commands on notices: what there was to tell and to whom it was told, and who hears of what by mail.

Knows arguments and what is shown. Refuses to know how anybody is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.options import LIMIT_DEFAULT, AsJson, Cursor, Limit, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import (
    document_of,
    listing_of,
    moment_text,
    say_more,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.outcomes import Done
    from commcredits.operations.notices import NoticeRecord
    from commcredits.operations.paging import Page
    from commcredits.operations.recipients import Recipient, Recipients

Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help="A kind of notice or a group of them; may be given many times."),
]


def notice_commands(parts: Parts) -> typer.Typer:
    """The group ``notices``."""
    group = typer.Typer(help="See what there was to tell, and to whom it was told.", no_args_is_help=True)
    _add_kinds(group)
    _add_list(group, parts)
    return group


def recipient_commands(parts: Parts) -> typer.Typer:
    """The group ``recipients``."""
    group = typer.Typer(help="Choose who hears of notices by mail.", no_args_is_help=True)
    _add_recipient_list(group, parts)
    _add_recipient_saving(group, parts)
    return group


def _add_kinds(group: typer.Typer) -> None:
    @group.command("kinds")
    def list_notice_kinds(
        language: Annotated[str, typer.Option(metavar="en|ro", help="Of the explanations.")] = "en",
        as_json: AsJson = False,
    ) -> None:
        """List the kinds of notices, with the group of each and what it is about."""
        from commcredits.core.notices import NoticeKind
        from commcredits.edges.translations import LANGUAGES, load
        from commcredits.edges.translations.notice_words import EXPLANATIONS
        from commcredits.operations.notice_kinds import GROUP_OF

        if language not in LANGUAGES:
            raise typer.BadParameter(f"{language[:32]!r} is not one of {', '.join(LANGUAGES)}", param_hint="--language")
        say = load(language).gettext
        rows = [(kind.value, GROUP_OF[kind].value, str(say(EXPLANATIONS[kind]))) for kind in NoticeKind]
        if as_json:
            write_json(listing_of({"kind": row[0], "group": row[1], "explanation": row[2]} for row in rows))
            return
        write_table(("kind", "group", "what it is about"), rows)


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_notices(
        organization: OrganizationId,
        kind: Annotated[str | None, typer.Option(help="Those of one kind alone.")] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List what there was to tell of an organization, newest first, and to whom it was told."""
        from commcredits.operations import notices

        async def work() -> Page[NoticeRecord]:
            async with parts.open_services() as opened:
                return taken(
                    await notices.list_notices(
                        opened.services, organization_id=organization, kind=kind, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(("notice", "when", "what", "facts", "told"), (_cells(each) for each in page.items))
        say_more(page.next_cursor)


def _cells(notice: NoticeRecord) -> tuple[str, ...]:
    mails = (f"{mail.address} ({mail.state})" for mail in notice.mails)
    deliveries = (f"webhook {each.endpoint_id} ({each.state})" for each in notice.deliveries)
    return (
        notice.notice_id,
        moment_text(notice.noticed_at),
        notice.kind.replace("_", " "),
        ", ".join(f"{name}={value}" for name, value in notice.facts.items()),
        "\n".join((*mails, *deliveries)) or ("nobody" if notice.handed_on_at else "not yet"),
    )


def _add_recipient_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_recipients(organization: OrganizationId, as_json: AsJson = False) -> None:
        """List who hears of notices by mail."""
        from commcredits.operations import recipients

        async def work() -> Recipients:
            async with parts.open_services() as opened:
                return taken(await recipients.list_recipients(opened.services, organization_id=organization))

        found = run(work())
        if as_json:
            items = [document_of(each) for each in found.chosen]
            write_json({"items": items, "default_address": found.default_address})
            return
        write_table(
            ("recipient", "address", "language", "kinds", "since"),
            (
                (each.recipient_id, each.address, each.language, ", ".join(each.kinds), moment_text(each.created_at))
                for each in found.chosen
            ),
        )
        if not found.chosen:
            default = found.default_address
            write_line(f"Nobody was chosen: {default} hears of everything." if default else "Nobody hears of anything.")


def _add_recipient_saving(group: typer.Typer, parts: Parts) -> None:
    @group.command("add")
    def save_recipient(
        organization: OrganizationId,
        address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The mail address.")],
        language: Annotated[str, typer.Option(metavar="en|ro", help="Of the mails; default: the organization's.")] = "",
        kinds: Kinds = None,
        as_json: AsJson = False,
    ) -> None:
        """Have an address hear of notices: of these kinds and groups, or of all; a known one gets the new choice."""
        from commcredits.operations import recipients

        async def work() -> Recipient:
            async with parts.open_services() as opened:
                return taken(
                    await recipients.save_recipient(
                        opened.services,
                        organization_id=organization,
                        address=address,
                        language=language,
                        kinds=tuple(kinds or ()),
                    )
                )

        saved = run(work())
        if as_json:
            write_json(document_of(saved))
        else:
            write_line(f"{saved.address} hears of {', '.join(saved.kinds)} ({saved.recipient_id}).")

    @group.command("remove")
    def remove_recipient(
        organization: OrganizationId,
        recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient's id.")],
        as_json: AsJson = False,
    ) -> None:
        """Tell somebody nothing more."""
        from commcredits.operations import recipients

        async def work() -> Done:
            async with parts.open_services() as opened:
                return taken(
                    await recipients.remove_recipient(
                        opened.services, organization_id=organization, recipient_id=recipient
                    )
                )

        done = run(work())
        if as_json:
            write_json(document_of(done))
        else:
            write_line("Removed." if done.changed else "There was no such recipient.")
