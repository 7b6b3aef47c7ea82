"""Commands on payment gateways: whether they are set up, and the test cards of the simulated one.

Knows test cards by their names. Refuses to know real cards: their payers enter them on the gateway's own pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commcredits.edges.cli.options import AsJson, OrganizationId
from commcredits.edges.cli.parts import CannotRunError, Opened, Parts
from commcredits.edges.cli.payment_methods import write_payment_methods
from commcredits.edges.cli.refusing import ExitStatus, taken
from commcredits.edges.cli.running import run
from commcredits.edges.cli.writing import document_of, listing_of, progress, write_json, write_table

if TYPE_CHECKING:
    from commcredits.operations.gateway_doctor import Diagnosis
    from commcredits.storage.payments import PaymentMethodRecord

SIMULATOR: Final = "simulator"


def commands(parts: Parts) -> typer.Typer:
    """The group ``gateway``."""
    group = typer.Typer(help="See whether gateways are set up; pay with test cards.", no_args_is_help=True)

    @group.command("doctor")
    def diagnose(
        gateway: Annotated[str | None, typer.Option(help="Look at this gateway alone.")] = None,
        as_json: AsJson = False,
    ) -> None:
        """Check keys, webhooks and clock of the payment gateways. Status 3 when something is left to do."""
        from commcredits.operations.gateway_doctor import diagnose_gateways

        async def work() -> tuple[Diagnosis, ...]:
            async with parts.open_services(with_gateways=True) as opened:
                with progress("waiting for the gateways"):
                    return taken(await diagnose_gateways(opened.services, gateway=gateway))

        found = run(work())
        _write_findings(found, as_json=as_json)
        if not all(each.well for each in found):
            raise typer.Exit(ExitStatus.CANNOT_RUN)

    @group.command("add-test-card")
    def add_test_card(
        organization: OrganizationId,
        card: Annotated[str, typer.Argument(metavar="CARD", help="A name that `test-cards` lists, such as sim_ok.")],
        as_json: AsJson = False,
    ) -> None:
        """Give an organization a test card to pay with."""
        from commcredits.gateways.simulator.cards import TEST_CARDS

        if card not in TEST_CARDS:
            # What was typed is not repeated: it might be the number of somebody's real card.
            raise typer.BadParameter(f"must be one of {', '.join(TEST_CARDS)}", param_hint="'CARD'")

        async def work() -> PaymentMethodRecord:
            async with parts.open_services(with_gateways=True) as opened:
                return await _attach(opened, organization, card)

        write_payment_methods([run(work())], as_json=as_json, alone=True)

    @group.command("test-cards")
    def list_test_cards(as_json: AsJson = False) -> None:
        """List the test cards and what each of them does."""
        from commcredits.gateways.simulator.cards import TEST_CARDS

        if as_json:
            cards = ({"card": card.name, "last4": card.last4, "does": card.does} for card in TEST_CARDS.values())
            write_json(listing_of(cards))
        else:
            write_table(
                ("card", "ends in", "does"), ((card.name, card.last4, card.does) for card in TEST_CARDS.values())
            )

    return group


def _write_findings(found: Iterable[Diagnosis], *, as_json: bool) -> None:
    rows = [(each.gateway, finding) for each in found for finding in each.findings]
    if as_json:
        write_json(listing_of({"gateway": name, **document_of(finding)} for name, finding in rows))
    else:
        write_table(
            ("gateway", "check", "well", "found"),
            ((name, finding.check, "yes" if finding.well else "NO", finding.detail) for name, finding in rows),
        )


async def _attach(opened: Opened, organization_id: str, card: str) -> PaymentMethodRecord:
    import httpx

    from commcredits.gateways.protocol import CustomerRequest, Unavailable
    from commcredits.gateways.simulator.control import SimulatorControl
    from commcredits.operations import organizations, payment_methods

    if opened.simulator_url is None:
        raise CannotRunError("COMMCREDITS_GATEWAYS names no simulated gateway, and test cards work there alone")
    organization = taken(await organizations.get_organization(opened.services, organization_id=organization_id))
    customer = await opened.services.gateways[SIMULATOR].create_customer(
        CustomerRequest(idempotency_key=f"customer-{organization_id}", name=organization.name)
    )
    if isinstance(customer, Unavailable):
        raise CannotRunError(f"the simulated gateway at {opened.simulator_url} does not answer: {customer.detail}")
    try:
        async with SimulatorControl(opened.simulator_url) as control:
            method = await control.attach_card(customer.reference, card)
    except httpx.HTTPError as error:
        raise CannotRunError(f"the simulated gateway at {opened.simulator_url} does not answer: {error}") from error
    return taken(
        await payment_methods.add_payment_method(
            opened.services, organization_id=organization_id, gateway=SIMULATOR, reference=method.reference
        )
    )
