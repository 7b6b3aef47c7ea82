"""Commands on administrators of organizations and on the operator's staff.

Knows arguments and what is shown. Refuses to know how anybody signs in. A link is shown where it was just made, and
nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from commcredits.edges.cli.options import AsJson
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import document_of, listing_of, moment_text, write_json, write_line, write_table

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from collections.abc import Awaitable, Callable

    from commcredits.operations.administrator_records import Administrator, Invited

OPERATOR: Final = "operator"
"""Stands in the place of an organization's id for the operator's own staff."""

Place = Annotated[
    str, typer.Argument(metavar="ORGANIZATION", help="The organization's id, or operator for the operator's staff.")
]
Person = Annotated[str, typer.Argument(metavar="ADMINISTRATOR", help="The administrator's id.")]
Roles = Annotated[list[str], typer.Option("--role", metavar="ROLE", help="A role; may be given many times.")]
ByLink = Annotated[bool, typer.Option("--link", help="Show the link once instead of mailing it.")]


def add_groups(app: typer.Typer, parts: Parts) -> None:
    """The groups ``administrators`` and ``operator``."""
    app.add_typer(commands(parts), name="administrators")
    app.add_typer(operator_commands(parts), name="operator")


def commands(parts: Parts) -> typer.Typer:
    """The group ``administrators``."""
    group = typer.Typer(help="Invite administrators, change roles, shut them out.", no_args_is_help=True)
    _add_list(group, parts)
    _add_inviting(group, parts)
    _add_changing(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_administrators(organization: Place, as_json: AsJson = False) -> None:
        """List who administers an organization or is invited to, by name."""
        found: tuple[Administrator, ...] = _ask(parts, organization, "list_administrators", "list_staff")
        if as_json:
            write_json(listing_of(document_of(each) for each in found))
            return
        write_table(
            ("administrator", "name", "address", "roles", "state", "signed in"),
            (
                (
                    each.administrator_id,
                    each.name,
                    each.address,
                    ", ".join(each.roles),
                    each.state,
                    "never" if each.signed_in_at is None else moment_text(each.signed_in_at),
                )
                for each in found
            ),
        )


def _add_inviting(group: typer.Typer, parts: Parts) -> None:
    @group.command("invite")
    def invite_administrator(
        organization: Place,
        address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The mail address.")],
        name: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")],
        roles: Roles,
        language: Annotated[
            str, typer.Option(metavar="en|ro", help="Of the letter; default: the organization's.")
        ] = "",
        by_link: ByLink = False,
        as_json: AsJson = False,
    ) -> None:
        """Invite somebody, for 7 days; a letter brings the link, or it is shown here where no mail server is set."""
        wanted = {"address": address, "name": name, "roles": roles, "language": language, "by_link": by_link}
        _show_invited(_ask(parts, organization, "invite_administrator", "invite_staff", **wanted), as_json=as_json)

    @group.command("resend")
    def resend_invitation(
        organization: Place, administrator: Person, by_link: ByLink = False, as_json: AsJson = False
    ) -> None:
        """Invite somebody anew: the link before opens nothing any more."""
        wanted = {"administrator_id": administrator, "by_link": by_link}
        _show_invited(
            _ask(parts, organization, "resend_invitation", "resend_staff_invitation", **wanted), as_json=as_json
        )

    @group.command("withdraw")
    def withdraw_invitation(organization: Place, administrator: Person, as_json: AsJson = False) -> None:
        """Withdraw an invitation that is open."""
        wanted = {"administrator_id": administrator}
        done = _ask(parts, organization, "withdraw_invitation", "withdraw_staff_invitation", **wanted)
        if as_json:
            write_json(document_of(done))
        else:
            write_line("Withdrawn." if done.changed else "No invitation was open.")


def _add_changing(group: typer.Typer, parts: Parts) -> None:
    @group.command("roles")
    def change_roles(organization: Place, administrator: Person, roles: Roles, as_json: AsJson = False) -> None:
        """Give somebody these roles in the place of those before; they are signed out."""
        wanted = {"administrator_id": administrator, "roles": roles}
        changed = _ask(parts, organization, "change_administrator_roles", "change_staff_roles", **wanted)
        _show(changed, as_json=as_json)

    @group.command("disable")
    def disable_administrator(organization: Place, administrator: Person, as_json: AsJson = False) -> None:
        """Shut somebody out at once."""
        wanted = {"administrator_id": administrator}
        _show(_ask(parts, organization, "disable_administrator", "disable_staff", **wanted), as_json=as_json)

    @group.command("enable")
    def enable_administrator(organization: Place, administrator: Person, as_json: AsJson = False) -> None:
        """Let somebody in again."""
        wanted = {"administrator_id": administrator}
        _show(_ask(parts, organization, "enable_administrator", "enable_staff", **wanted), as_json=as_json)


def operator_commands(parts: Parts) -> typer.Typer:
    """The group ``operator``."""
    group = typer.Typer(help="Set up the operator's own way in.", no_args_is_help=True)

    @group.command("set-password")
    def set_operator_password() -> None:
        """Set the break-glass password, and show once what an authenticator app has to know."""
        from pydantic import SecretStr

        from commcredits.operations.sign_in_operator import Enrolment
        from commcredits.operations.sign_in_operator import set_operator_password as set_it

        password = typer.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)

        async def work() -> Enrolment:
            async with parts.open_services() as opened:
                return taken(await set_it(opened.services, password=SecretStr(password)))

        enrolment = run(work())
        write_line("The password is set. Give this to an authenticator app now; it is not shown again:")
        write_line(enrolment.uri.get_secret_value())

    # A group of one command would otherwise be that command.
    group.callback()(_nothing_before)
    return group


def _nothing_before() -> None:
    """What a group does before its command: nothing."""


def _ask(parts: Parts, place: str, of_organization: str, of_staff: str, **wanted: Any) -> Any:
    """What an operation answers: the one for organizations, or the one for the operator's staff."""
    from commcredits.operations import administrators, staff

    operation: Callable[..., Awaitable[Any]]
    if place == OPERATOR:
        operation = getattr(staff, of_staff)
    else:
        operation = getattr(administrators, of_organization)
        wanted["organization_id"] = place

    async def work() -> Any:
        async with parts.open_services() as opened:
            return taken(await operation(opened.services, **wanted))

    return run(work())


def _show(person: Administrator, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(person))
    else:
        write_line(f"{person.name} ({person.administrator_id}) is {person.state}: {', '.join(person.roles)}.")


def _show_invited(invited: Invited, *, as_json: bool) -> None:
    link = None if invited.link is None else invited.link.get_secret_value()
    if as_json:
        write_json({**document_of(invited.administrator), "link": link})
        return
    _show(invited.administrator, as_json=False)
    if link is None:
        write_line("A letter brings the link.")
    else:
        write_line("Hand this link over; it works once, for 7 days, and is not shown again:")
        write_line(link)
