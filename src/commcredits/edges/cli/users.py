"""Commands on users and resource accounts: the same for both.

Knows arguments, and that a file can be long. Refuses to know what must be known of somebody; the operations do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from commcredits.edges.cli.files import opened_file, pieces_of, size_of
from commcredits.edges.cli.options import (
    LIMIT_DEFAULT,
    AsJson,
    Cursor,
    DryRun,
    Limit,
    OrganizationId,
    amount_option,
)
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.people_writing import user_document, write_import, write_user, write_users
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import listing_of, progress, say_more, write_json, write_line

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.outcomes import Refused
    from commcredits.operations.people import PartyFields, PartyInfo
    from commcredits.operations.people_import import ImportReport
    from commcredits.operations.services import Services

AS_ORGANIZATION: Final = "organization"
_NOTHING: Final = object()
"""What an option that takes something away stands for; None stands for an option that was left out."""

_CHOICES: Final = {"yes": True, "no": False, AS_ORGANIZATION: _NOTHING}
_WORDS: Final = {"user": "user", "resource_account": "resource account"}

File = Annotated[str, typer.Argument(metavar="FILE", help="CSV in UTF-8 with a header row; - reads it from a pipe.")]
User = Annotated[str, typer.Argument(metavar="USER", help="Object id or user principal name.")]
DisplayName = Annotated[str | None, typer.Option(help="The name that people see.")]
UsageLocation = Annotated[str | None, typer.Option(help="ISO 3166-1 code of the country; empty for none.")]
Department = Annotated[str | None, typer.Option(help="Department; empty for none.")]
DialOut = Annotated[
    str | None,
    typer.Option(
        metavar="CONFERENCE/USER",
        help="any, same_country, zone_a or none, a slash, and international_and_domestic, domestic or none; "
        "or the word organization, for the organization's own policy.",
    ),
]
Premium = Annotated[
    str | None, typer.Option(metavar="yes|no|organization", help="Premium numbers; organization: as it says.")
]
TollFree = Annotated[bool | None, typer.Option(help="Conferences on toll-free numbers.")]
MonthlyCap = Annotated[int | None, amount_option("Most that the calls of a calendar month may cost.")]
SharedCalling = Annotated[
    str | None, typer.Option(help="Object id of the resource account by whose plan the user calls; empty for none.")
]


def commands(parts: Parts, kind: str) -> typer.Typer:
    """The group ``users``, or ``resource-accounts``."""
    several = f"{_WORDS[kind]}s"
    group = typer.Typer(help=f"Add {several}, change them, find them.", no_args_is_help=True)
    _add_adding(group, parts, kind)
    _add_changing(group, parts, kind)
    _add_removing(group, parts, kind)
    _add_showing(group, parts, kind)
    _add_list(group, parts, kind)
    if kind == "user":
        _add_import(group, parts)
    return group


def _add_adding(group: typer.Typer, parts: Parts, kind: str) -> None:
    @group.command("add", help=f"Add a {_WORDS[kind]}, without licences.")
    def add(  # noqa: PLR0913 - each option is something to know of somebody
        organization: OrganizationId,
        user_principal_name: Annotated[str, typer.Argument(metavar="NAME", help="Such as front.desk@example.com.")],
        *,
        object_id: Annotated[str, typer.Option(help="UUID; default: a new one.")] = "",
        display_name: DisplayName = None,
        usage_location: UsageLocation = None,
        department: Department = None,
        dial_out: DialOut = None,
        premium: Premium = None,
        toll_free: TollFree = None,
        monthly_cap: MonthlyCap = None,
        shared_calling_account: SharedCalling = None,
        as_json: AsJson = False,
    ) -> None:
        content = _fields(
            user_principal_name=user_principal_name,
            display_name=display_name,
            usage_location=usage_location,
            department=department,
            dial_out=_policy(dial_out),
            premium_allowed=_choice(premium),
            toll_free_allowed=toll_free,
            monthly_cap_micros=monthly_cap,
            shared_calling_account=shared_calling_account,
        )

        async def work(services: Services) -> PartyInfo | Refused:
            from commcredits.core.roster import PartyKind
            from commcredits.operations import people

            return await people.add_party(
                services, organization_id=organization, kind=PartyKind(kind), content=content, party_id=object_id
            )

        _write_one(parts, organization, work, as_json=as_json)


def _add_changing(group: typer.Typer, parts: Parts, kind: str) -> None:
    @group.command("change", help=f"Change what is known of a {_WORDS[kind]}; what is not named stays.")
    def change(  # noqa: PLR0913 - each option is something to know of somebody
        organization: OrganizationId,
        user: User,
        *,
        user_principal_name: Annotated[str | None, typer.Option(help="A new user principal name.")] = None,
        display_name: DisplayName = None,
        usage_location: UsageLocation = None,
        department: Department = None,
        dial_out: DialOut = None,
        premium: Premium = None,
        toll_free: TollFree = None,
        monthly_cap: MonthlyCap = None,
        no_monthly_cap: Annotated[bool, typer.Option("--no-monthly-cap", help="Take the cap away.")] = False,
        shared_calling_account: SharedCalling = None,
        as_json: AsJson = False,
    ) -> None:
        content = _fields(
            user_principal_name=user_principal_name,
            display_name=display_name,
            usage_location=usage_location,
            department=department,
            dial_out=_policy(dial_out),
            premium_allowed=_choice(premium),
            toll_free_allowed=toll_free,
            monthly_cap_micros=_NOTHING if no_monthly_cap else monthly_cap,
            shared_calling_account=shared_calling_account,
        )

        async def work(services: Services) -> PartyInfo | Refused:
            from commcredits.core.roster import PartyKind
            from commcredits.operations import people

            return await people.change_party(
                services, organization_id=organization, kind=PartyKind(kind), user=user, content=content
            )

        _write_one(parts, organization, work, as_json=as_json)


def _add_removing(group: typer.Typer, parts: Parts, kind: str) -> None:
    @group.command("remove", help=f"Remove a {_WORDS[kind]} who has no number; calls keep the object id.")
    def remove(organization: OrganizationId, user: User, as_json: AsJson = False) -> None:
        from commcredits.core.outcomes import Done
        from commcredits.core.roster import PartyKind
        from commcredits.operations import people

        async def work() -> Done:
            async with parts.open_services() as opened:
                return taken(
                    await people.remove_party(
                        opened.services, organization_id=organization, kind=PartyKind(kind), user=user
                    )
                )

        done = run(work())
        if as_json:
            write_json({"changed": done.changed})
        else:
            write_line(f"{user} is removed.")


def _add_showing(group: typer.Typer, parts: Parts, kind: str) -> None:
    @group.command("show", help=f"Show all that is known of a {_WORDS[kind]}.")
    def show(organization: OrganizationId, user: User, as_json: AsJson = False) -> None:
        async def work(services: Services) -> PartyInfo | Refused:
            from commcredits.core.roster import PartyKind
            from commcredits.operations import people

            return await people.get_party(services, organization_id=organization, kind=PartyKind(kind), user=user)

        _write_one(parts, organization, work, as_json=as_json)


def _add_list(group: typer.Typer, parts: Parts, kind: str) -> None:
    @group.command("list", help=f"List {_WORDS[kind]}s in order of display name.")
    def list_people(
        organization: OrganizationId,
        text: Annotated[str, typer.Option(help="Part of the display name or the user principal name.")] = "",
        department: Annotated[str | None, typer.Option(help="Department; empty: those in none.")] = None,
        licence: Annotated[str, typer.Option(help="Code of a licence that they have.")] = "",
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        from commcredits.core.roster import PartyKind
        from commcredits.operations import people
        from commcredits.operations.paging import Page

        async def work() -> tuple[Page[PartyInfo], str]:
            async with parts.open_services() as opened:
                found = await people.list_parties(
                    opened.services,
                    organization_id=organization,
                    kind=PartyKind(kind),
                    text=text,
                    department=department,
                    licence=licence,
                    cursor=cursor,
                    limit=limit,
                )
                return taken(found), await _currency_of(opened.services, organization)

        page, currency = run(work())
        if as_json:
            write_json(listing_of((user_document(each, currency) for each in page.items), page.next_cursor))
            return
        write_users(page.items)
        say_more(page.next_cursor)


def _add_import(group: typer.Typer, parts: Parts) -> None:
    @group.command("import")
    def import_users(
        organization: OrganizationId, file: File, dry_run: DryRun = False, as_json: AsJson = False
    ) -> None:
        """Add and change users and resource accounts from a CSV file: all of it, or nothing and every wrong line."""
        from commcredits.operations import people_import

        async def work() -> ImportReport:
            with opened_file(file) as source, progress("reading people") as update:
                update(total=size_of(source))
                pieces = pieces_of(source, lambda done: update(completed=done))
                async with parts.open_services() as opened:
                    return taken(
                        await people_import.import_people(
                            opened.services,
                            organization_id=organization,
                            source=pieces,
                            dry_run=dry_run,
                            progress=lambda what, count: update(description=f"{count} people {what}"),
                        )
                    )

        write_import(run(work()), dry_run=dry_run, as_json=as_json)


def _write_one(
    parts: Parts,
    organization_id: str,
    work: Callable[[Services], Awaitable[PartyInfo | Refused]],
    *,
    as_json: bool,
) -> None:
    """Do something with one person, and write what is known then."""

    async def done() -> tuple[PartyInfo, str]:
        async with parts.open_services() as opened:
            return taken(await work(opened.services)), await _currency_of(opened.services, organization_id)

    record, currency = run(done())
    if as_json:
        write_json(user_document(record, currency))
    else:
        write_user(record, currency)


async def _currency_of(services: Services, organization_id: str) -> str:
    from commcredits.operations.organizations import get_organization

    return taken(await get_organization(services, organization_id=organization_id)).currency


def _fields(**options: Any) -> PartyFields:
    """The options that were given, as the fields of somebody."""
    from commcredits.operations.people import PartyFields

    given: dict[str, Any] = {
        name: None if value is _NOTHING else value for name, value in options.items() if value is not None
    }
    return PartyFields(**given)


def _choice(text: str | None) -> object:
    if text is None:
        return None
    if text not in _CHOICES:
        raise typer.BadParameter(f"{text[:32]!r} is not one of {', '.join(_CHOICES)}", param_hint="'--premium'")
    return _CHOICES[text]


def _policy(text: str | None) -> object:
    if text is None:
        return None
    if text == AS_ORGANIZATION:
        return _NOTHING
    from commcredits.core.roster import ConferenceDialOut, DialOutPolicy, UserDialOut

    conference, _, user = text.partition("/")
    try:
        return DialOutPolicy(conference=ConferenceDialOut(conference), user=UserDialOut(user))
    except ValueError:
        allowed = f"one of {', '.join(ConferenceDialOut)}, a slash, and one of {', '.join(UserDialOut)}"
        raise typer.BadParameter(f"{text[:64]!r} is not {allowed}", param_hint="'--dial-out'") from None
