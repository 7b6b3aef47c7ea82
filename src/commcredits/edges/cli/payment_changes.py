"""Commands that change ways to pay: entering one on a gateway's page, roles, replacing, removing.

Knows arguments. Refuses to know which may be removed or chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commcredits.edges.cli.options import AsJson, CommandId, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import document_of, write_facts, write_json

if TYPE_CHECKING:
    from commcredits.core.outcomes import Done
    from commcredits.operations.payment_methods import MethodSetup

PaymentMethodId = Annotated[str, typer.Argument(metavar="PAYMENT_METHOD", help="The id of the payment method.")]
GatewayName = Annotated[str, typer.Option(help="The gateway.")]


def add_begin(group: typer.Typer, parts: Parts) -> None:
    """``payment-methods begin``."""

    @group.command("begin")
    def begin(
        organization: OrganizationId,
        gateway: GatewayName = "simulator",
        return_url: Annotated[
            str | None, typer.Option(help="A page of this installation that the gateway leads back to.")
        ] = None,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Open a gateway's page on which a card or account is entered; `finish` keeps what was entered."""
        from commcredits.operations import payment_methods

        async def work() -> MethodSetup:
            async with parts.open_services(with_gateways=True) as opened:
                return taken(
                    await payment_methods.begin_adding_method(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        gateway=gateway,
                        return_url=return_url,
                    )
                )

        begun = run(work())
        if as_json:
            write_json(document_of(begun))
        else:
            write_facts({"gateway": begun.gateway, "enter it at": begun.hosted_url})


def add_choose(group: typer.Typer, parts: Parts) -> None:
    """``payment-methods choose``."""

    @group.command("choose")
    def choose(
        organization: OrganizationId,
        payment_method: PaymentMethodId,
        backup: Annotated[str | None, typer.Option(help="The one that pays when that is declined.")] = None,
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Choose the default way to pay, and its backup; auto-recharge pays with them from now on."""
        from commcredits.operations import payment_method_roles

        async def work() -> Done:
            async with parts.open_services(with_gateways=True) as opened:
                return taken(
                    await payment_method_roles.choose_payment_methods(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        default_id=payment_method,
                        backup_id=backup,
                    )
                )

        _write_done(run(work()), as_json=as_json)


def add_remove(group: typer.Typer, parts: Parts) -> None:
    """``payment-methods remove``."""

    @group.command("remove")
    def remove(organization: OrganizationId, payment_method: PaymentMethodId, as_json: AsJson = False) -> None:
        """Remove a way to pay, here and at its gateway; not while auto-recharge or an open attempt uses it."""
        from commcredits.operations import payment_method_roles

        async def work() -> Done:
            async with parts.open_services(with_gateways=True) as opened:
                return taken(
                    await payment_method_roles.remove_payment_method(
                        opened.services, organization_id=organization, payment_method_id=payment_method
                    )
                )

        _write_done(run(work()), as_json=as_json)


def _write_done(done: Done, *, as_json: bool) -> None:
    if as_json:
        write_json({"changed": done.changed})
    else:
        write_facts({"changed": "yes" if done.changed else "no, it was so before"})
