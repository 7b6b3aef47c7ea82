"""Commands on keys of programs, and on sandboxes.

Knows arguments and what is shown. Refuses to know how a key is checked. A key is shown where it was just made.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.options import (
    LIMIT_DEFAULT,
    AmountMicros,
    AsJson,
    CommandId,
    Cursor,
    Limit,
    OrganizationId,
    optional_instant,
    whole_option,
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
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.outcomes import Done, LotGranted
    from commcredits.operations.api_keys import ApiKey, NewApiKey
    from commcredits.operations.paging import Page
    from commcredits.operations.sandboxes import Sandbox

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The key's id.")]
_OVERLAP_HOURS = 24
_OVERLAP_HOURS_MAX = 168


def commands(parts: Parts) -> typer.Typer:
    """The group ``api-keys``."""
    group = typer.Typer(help="Let programs in: keys, what each may do, and when it was used.", no_args_is_help=True)
    _add_list(group, parts)
    _add_creating(group, parts)
    _add_ending(group, parts)
    return group


def sandbox_commands(parts: Parts) -> typer.Typer:
    """The group ``sandboxes``."""
    group = typer.Typer(help="Organizations with play money, for trying programs.", no_args_is_help=True)

    @group.command("open")
    def open_sandbox(organization: OrganizationId, as_json: AsJson = False) -> None:
        """Open an organization's sandbox, or show the one that it has."""
        from commcredits.operations import sandboxes

        async def work() -> Sandbox:
            async with parts.open_services() as opened:
                return taken(await sandboxes.open_sandbox(opened.services, organization_id=organization))

        sandbox = run(work())
        if as_json:
            write_json(document_of(sandbox))
            return
        write_facts(
            {
                "sandbox": sandbox.organization_id,
                "of": sandbox.sandbox_of,
                "name": sandbox.name,
                "available": f"{amount_text(sandbox.available_micros)} {sandbox.currency}",
            }
        )

    @group.command("fund")
    def grant_play_money(
        organization: OrganizationId, amount: AmountMicros, command_id: CommandId = None, as_json: AsJson = False
    ) -> None:
        """Put play money into an organization's sandbox."""
        from commcredits.operations import sandboxes

        async def work() -> LotGranted:
            async with parts.open_services() as opened:
                return taken(
                    await sandboxes.grant_play_money(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        amount_micros=amount,
                    )
                )

        granted = run(work())
        if as_json:
            write_json(document_of(granted))
        else:
            write_line(f"{amount_text(granted.amount_micros)} {granted.currency} of play money.")

    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_api_keys(
        organization: OrganizationId, limit: Limit = LIMIT_DEFAULT, cursor: Cursor = None, as_json: AsJson = False
    ) -> None:
        """List an organization's keys, newest first."""
        from commcredits.operations import api_keys

        async def work() -> Page[ApiKey]:
            async with parts.open_services() as opened:
                return taken(
                    await api_keys.list_api_keys(
                        opened.services, organization_id=organization, cursor=cursor, limit=limit
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("key", "begins with", "name", "scopes", "acts on", "state", "expires", "last used", "created by"),
            (_cells(each) for each in page.items),
        )
        say_more(page.next_cursor)


def _add_creating(group: typer.Typer, parts: Parts) -> None:
    @group.command("create")
    def create_api_key(
        organization: OrganizationId,
        name: Annotated[str, typer.Option(help="What the program is called.")],
        scopes: Annotated[
            list[str] | None, typer.Option("--scope", help="Something that it may do, such as call_records.read.")
        ] = None,
        preset: Annotated[
            str | None, typer.Option(metavar="PRESET", help="Scopes that go together, such as reporting_app or switch.")
        ] = None,
        expires_at: Annotated[datetime | None, optional_instant("When it ends; default: in a year.")] = None,
        note: Annotated[str, typer.Option(help="Whatever should be known of it.")] = "",
        sandbox: Annotated[bool, typer.Option("--sandbox", help="It acts on the sandbox alone.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Create a key for a program. Shows the whole key, this once."""
        from commcredits.operations import api_keys

        async def work() -> NewApiKey:
            async with parts.open_services() as opened:
                return taken(
                    await api_keys.create_api_key(
                        opened.services,
                        organization_id=organization,
                        name=name,
                        scopes=_scopes(scopes or [], preset),
                        expires_at=expires_at,
                        note=note,
                        is_sandbox=sandbox,
                    )
                )

        _show_secret(run(work()), as_json=as_json)


def _add_ending(group: typer.Typer, parts: Parts) -> None:
    @group.command("rotate")
    def rotate_api_key(
        organization: OrganizationId,
        key: KeyId,
        overlap_hours: Annotated[
            int, whole_option("How many hours more the old key lasts", 0, _OVERLAP_HOURS_MAX)
        ] = _OVERLAP_HOURS,
        as_json: AsJson = False,
    ) -> None:
        """Create a key like another one, which ends after some hours. Shows the whole new key, this once."""
        from commcredits.operations import api_keys

        async def work() -> NewApiKey:
            async with parts.open_services() as opened:
                return taken(
                    await api_keys.rotate_api_key(
                        opened.services, organization_id=organization, key_id=key, overlap_hours=overlap_hours
                    )
                )

        _show_secret(run(work()), as_json=as_json)

    @group.command("revoke")
    def revoke_api_key(organization: OrganizationId, key: KeyId, as_json: AsJson = False) -> None:
        """End a key at once, with the tokens that it got."""
        from commcredits.operations import api_keys

        async def work() -> Done:
            async with parts.open_services() as opened:
                return taken(await api_keys.revoke_api_key(opened.services, organization_id=organization, key_id=key))

        done = run(work())
        if as_json:
            write_json(document_of(done))
        else:
            write_line("Revoked." if done.changed else "It was revoked before.")


def _scopes(scopes: list[str], preset: str | None) -> list[str]:
    """The scopes that are named, and those of the preset."""
    from commcredits.operations.api_keys import PRESETS, SCOPES, Preset

    if preset is None:
        return scopes
    if preset not in tuple(Preset):
        raise typer.BadParameter(f"{preset[:32]!r} is none of {', '.join(Preset)}", param_hint="--preset")
    held = PRESETS[Preset(preset)]
    return [*scopes, *(scope for scope in SCOPES if scope in held and scope not in scopes)]


def _cells(key: ApiKey) -> tuple[str, ...]:
    return (
        key.key_id,
        key.prefix,
        key.name,
        ", ".join(key.scopes),
        "sandbox" if key.sandbox_id else "organization",
        key.state.value,
        moment_text(key.expires_at),
        moment_text(key.last_used_at),
        key.created_by,
    )


def _show_secret(made: NewApiKey, *, as_json: bool) -> None:
    if as_json:
        write_json({**document_of(made.key), "secret": made.secret})
    else:
        write_line(f"{made.key.name} ({made.key.key_id}) until {moment_text(made.key.expires_at)}")
        write_line(f"The key, shown this once: {made.secret}")
