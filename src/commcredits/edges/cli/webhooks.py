"""Commands on webhooks: where an organization's programs hear of notices, and the log of what was delivered there.

Knows arguments and what is shown. Refuses to know where webhooks may go. A secret is shown where it was just made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.notices import Kinds
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
    from commcredits.operations.paging import Page
    from commcredits.operations.webhook_deliveries import Delivery
    from commcredits.operations.webhook_endpoints import Endpoint, EndpointWithSecret

EndpointId = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's id.")]
Url = Annotated[str, typer.Argument(metavar="URL", help="Where it is, such as https://hooks.example.com/credits.")]
Description = Annotated[str, typer.Option(help="What it is for, in your own words.")]


def commands(parts: Parts) -> typer.Typer:
    """The group ``webhooks``."""
    group = typer.Typer(help="Tell programs: endpoints, their secrets, and what was delivered.", no_args_is_help=True)
    _add_list(group, parts)
    _add_adding(group, parts)
    _add_secrets(group, parts)
    _add_switching(group, parts)
    _add_deliveries(group, parts)
    return group


def _add_list(group: typer.Typer, parts: Parts) -> None:
    @group.command("list")
    def list_webhook_endpoints(organization: OrganizationId, as_json: AsJson = False) -> None:
        """List an organization's webhook endpoints."""
        from commcredits.operations import webhook_endpoints

        async def work() -> tuple[Endpoint, ...]:
            async with parts.open_services() as opened:
                return taken(await webhook_endpoints.list_endpoints(opened.services, organization_id=organization))

        found = run(work())
        if as_json:
            write_json(listing_of(document_of(each) for each in found))
            return
        write_table(
            ("endpoint", "where", "kinds", "state", "fails since", "for"),
            (
                (
                    each.endpoint_id,
                    each.url,
                    ", ".join(each.kinds),
                    each.state + (f" ({each.disabled_because.replace('_', ' ')})" if each.disabled_because else ""),
                    moment_text(each.failing_since),
                    each.description,
                )
                for each in found
            ),
        )


def _add_adding(group: typer.Typer, parts: Parts) -> None:
    @group.command("add")
    def add_webhook_endpoint(
        organization: OrganizationId,
        url: Url,
        description: Description = "",
        kinds: Kinds = None,
        as_json: AsJson = False,
    ) -> None:
        """Have a program hear of notices: of these kinds and groups, or of all. Shows its secret, this once."""
        from commcredits.operations import webhook_endpoints

        async def work() -> EndpointWithSecret:
            async with parts.open_services() as opened:
                return taken(
                    await webhook_endpoints.add_endpoint(
                        opened.services,
                        organization_id=organization,
                        url=url,
                        description=description,
                        kinds=tuple(kinds or ()),
                    )
                )

        _show_secret(run(work()), as_json=as_json)

    @group.command("change")
    def change_webhook_endpoint(
        organization: OrganizationId,
        endpoint: EndpointId,
        url: Url,
        description: Description = "",
        kinds: Kinds = None,
        as_json: AsJson = False,
    ) -> None:
        """Say anew where an endpoint is, what it is for and what it hears of; its secret stays."""
        from commcredits.operations import webhook_endpoints

        async def work() -> Endpoint:
            async with parts.open_services() as opened:
                return taken(
                    await webhook_endpoints.change_endpoint(
                        opened.services,
                        organization_id=organization,
                        endpoint_id=endpoint,
                        url=url,
                        description=description,
                        kinds=tuple(kinds or ()),
                    )
                )

        _show_state(run(work()), as_json=as_json)


def _add_secrets(group: typer.Typer, parts: Parts) -> None:
    @group.command("rotate")
    def rotate_webhook_secret(organization: OrganizationId, endpoint: EndpointId, as_json: AsJson = False) -> None:
        """Give an endpoint a new secret, shown this once; for 24 hours the one before signs beside it."""
        from commcredits.operations import webhook_endpoints

        async def work() -> EndpointWithSecret:
            async with parts.open_services() as opened:
                return taken(
                    await webhook_endpoints.rotate_secret(
                        opened.services, organization_id=organization, endpoint_id=endpoint
                    )
                )

        _show_secret(run(work()), as_json=as_json)


def _add_switching(group: typer.Typer, parts: Parts) -> None:
    @group.command("enable")
    def enable_webhook_endpoint(organization: OrganizationId, endpoint: EndpointId, as_json: AsJson = False) -> None:
        """Have an endpoint take deliveries again."""
        from commcredits.operations import webhook_endpoints

        async def work() -> Endpoint:
            async with parts.open_services() as opened:
                return taken(
                    await webhook_endpoints.enable_endpoint(
                        opened.services, organization_id=organization, endpoint_id=endpoint
                    )
                )

        _show_state(run(work()), as_json=as_json)

    @group.command("disable")
    def disable_webhook_endpoint(organization: OrganizationId, endpoint: EndpointId, as_json: AsJson = False) -> None:
        """Send an endpoint nothing more until it is enabled."""
        from commcredits.operations import webhook_endpoints

        async def work() -> Endpoint:
            async with parts.open_services() as opened:
                return taken(
                    await webhook_endpoints.disable_endpoint(
                        opened.services, organization_id=organization, endpoint_id=endpoint
                    )
                )

        _show_state(run(work()), as_json=as_json)

    @group.command("remove")
    def remove_webhook_endpoint(organization: OrganizationId, endpoint: EndpointId, as_json: AsJson = False) -> None:
        """Forget an endpoint, with the log of what was delivered to it."""
        from commcredits.operations import webhook_endpoints

        async def work() -> Done:
            async with parts.open_services() as opened:
                return taken(
                    await webhook_endpoints.remove_endpoint(
                        opened.services, organization_id=organization, endpoint_id=endpoint
                    )
                )

        done = run(work())
        if as_json:
            write_json(document_of(done))
        else:
            write_line("Removed." if done.changed else "There was no such endpoint.")


def _add_deliveries(group: typer.Typer, parts: Parts) -> None:
    @group.command("deliveries")
    def list_webhook_deliveries(
        organization: OrganizationId,
        endpoint: Annotated[str | None, typer.Option(help="Those to one endpoint alone, by its id.")] = None,
        state: Annotated[
            str | None, typer.Option(metavar="waiting|delivered|failed", help="Those in one state alone.")
        ] = None,
        limit: Limit = LIMIT_DEFAULT,
        cursor: Cursor = None,
        as_json: AsJson = False,
    ) -> None:
        """List webhook deliveries, newest first, with what came of each."""
        from commcredits.operations import webhook_deliveries

        async def work() -> Page[Delivery]:
            async with parts.open_services() as opened:
                return taken(
                    await webhook_deliveries.list_deliveries(
                        opened.services,
                        organization_id=organization,
                        endpoint_id=endpoint,
                        state=state,
                        cursor=cursor,
                        limit=limit,
                    )
                )

        page = run(work())
        if as_json:
            write_json(listing_of((document_of(each) for each in page.items), page.next_cursor))
            return
        write_table(
            ("delivery", "endpoint", "what", "state", "tries ", "last try", "next", "trouble"),
            (_cells(each) for each in page.items),
        )
        say_more(page.next_cursor)

    @group.command("resend")
    def resend_webhook_delivery(
        organization: OrganizationId,
        delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.")],
        as_json: AsJson = False,
    ) -> None:
        """Deliver something again, at once and with as many tries as a new delivery has."""
        from commcredits.operations import webhook_deliveries

        async def work() -> Delivery:
            async with parts.open_services() as opened:
                return taken(
                    await webhook_deliveries.resend_delivery(
                        opened.services, organization_id=organization, delivery_id=delivery
                    )
                )

        resent = run(work())
        if as_json:
            write_json(document_of(resent))
        else:
            write_line(f"{resent.delivery_id} waits for its next try.")


def _cells(delivery: Delivery) -> tuple[str, ...]:
    return (
        delivery.delivery_id,
        delivery.endpoint_id,
        delivery.kind.replace("_", " "),
        delivery.state,
        str(delivery.attempts),
        moment_text(delivery.attempted_at),
        moment_text(delivery.next_at),
        delivery.trouble,
    )


def _show_secret(made: EndpointWithSecret, *, as_json: bool) -> None:
    if as_json:
        write_json({**document_of(made.endpoint), "secret": made.secret})
    else:
        write_line(f"{made.endpoint.url} ({made.endpoint.endpoint_id})")
        write_line(f"Its secret, shown this once: {made.secret}")


def _show_state(endpoint: Endpoint, *, as_json: bool) -> None:
    if as_json:
        write_json(document_of(endpoint))
    else:
        write_line(f"{endpoint.url} is {endpoint.state} ({endpoint.endpoint_id}).")
