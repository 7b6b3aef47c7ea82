"""Commands on stored ways to pay.

Knows that a gateway keeps them under its own reference. Refuses to know card numbers: none is ever typed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.edges.cli.options import AsJson, CommandId, OrganizationId
from commcredits.edges.cli.parts import Parts
from commcredits.edges.cli.payment_changes import GatewayName, PaymentMethodId, add_begin, add_choose, add_remove
from commcredits.edges.cli.refusing import taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import document_of, listing_of, write_json, write_table

if TYPE_CHECKING:
    from commcredits.storage.payments import PaymentMethodRecord


_KEPT_TO_OURSELVES: Final = ("customer_reference", "fingerprint", "removed_at")


def commands(parts: Parts) -> typer.Typer:
    """The group ``payment-methods``."""
    group = typer.Typer(help="Keep ways to pay, list, choose, replace and remove them.", no_args_is_help=True)

    @group.command("add")
    def add_payment_method(
        organization: OrganizationId,
        reference: Annotated[str, typer.Option(help="The gateway's own reference of it.")],
        gateway: Annotated[str, typer.Option(help="The gateway that keeps it.")] = "simulator",
        as_json: AsJson = False,
    ) -> None:
        """Let an organization pay with what a gateway keeps under a reference."""
        from commcredits.operations import payment_methods

        async def work() -> PaymentMethodRecord:
            async with parts.open_services(with_gateways=True) as opened:
                return taken(
                    await payment_methods.add_payment_method(
                        opened.services, organization_id=organization, gateway=gateway, reference=reference
                    )
                )

        write_payment_methods([run(work())], as_json=as_json, alone=True)

    @group.command("list")
    def list_payment_methods(organization: OrganizationId, as_json: AsJson = False) -> None:
        """List an organization's ways to pay, oldest first."""
        from commcredits.operations import payment_methods

        async def work() -> tuple[PaymentMethodRecord, ...]:
            async with parts.open_services() as opened:
                return taken(await payment_methods.list_payment_methods(opened.services, organization_id=organization))

        write_payment_methods(run(work()), as_json=as_json)

    add_begin(group, parts)
    _add_finish(group, parts)
    add_choose(group, parts)
    _add_replace(group, parts)
    add_remove(group, parts)
    return group


def _add_finish(group: typer.Typer, parts: Parts) -> None:
    @group.command("finish")
    def finish(organization: OrganizationId, gateway: GatewayName = "simulator", as_json: AsJson = False) -> None:
        """Keep what was entered on a gateway's page, and list what the organization can pay with there."""
        from commcredits.operations import payment_methods

        async def work() -> tuple[PaymentMethodRecord, ...]:
            async with parts.open_services(with_gateways=True) as opened:
                return taken(
                    await payment_methods.finish_adding_methods(
                        opened.services, organization_id=organization, gateway=gateway
                    )
                )

        write_payment_methods(run(work()), as_json=as_json)


def _add_replace(group: typer.Typer, parts: Parts) -> None:
    @group.command("replace")
    def replace(
        organization: OrganizationId,
        payment_method: PaymentMethodId,
        by: Annotated[str, typer.Option(help="The id of the one that takes its place, added before.")],
        command_id: CommandId = None,
        as_json: AsJson = False,
    ) -> None:
        """Let another way to pay take the place of one, also in auto-recharge, and remove that one."""
        from commcredits.operations import payment_method_roles

        async def work() -> PaymentMethodRecord:
            async with parts.open_services(with_gateways=True) as opened:
                return taken(
                    await payment_method_roles.replace_payment_method(
                        opened.services,
                        organization_id=organization,
                        command_id=command_id or opened.services.new_id(),
                        payment_method_id=payment_method,
                        by=by,
                    )
                )

        write_payment_methods([run(work())], as_json=as_json, alone=True)


def write_payment_methods(
    methods: tuple[PaymentMethodRecord, ...] | list[PaymentMethodRecord], *, as_json: bool, alone: bool = False
) -> None:
    """Write ways to pay: a list, or, ``alone``, the one that was just added."""
    if as_json:
        documents = [document_of(each, without=_KEPT_TO_OURSELVES) for each in methods]
        write_json(documents[0] if alone else listing_of(documents))
        return
    write_table(
        ("payment method", "gateway", "kind", "brand", "ends in", "valid until", "role"),
        (
            (
                each.payment_method_id,
                each.gateway,
                each.kind,
                each.brand,
                each.last4,
                "" if each.expiry_year is None else f"{each.expiry_month:02d}/{each.expiry_year}",
                "default" if each.is_default else "backup" if each.is_backup else "",
            )
            for each in methods
        ),
    )
