"""Opens the sample organizations through the public administration API, as an operator's own program would.

Knows the order: deck, people and numbers, calls of earlier, card, purchases, rule, and promotional funds last, for they
may expire soon. Refuses to reach behind the API, but for the test cards of the simulated gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from commcredits.core.money import format_micros
from commcredits.edges.demo.administration import AdministrationClient, AdministrationError
from commcredits.edges.demo.samples import SampleOrganization
from commcredits.edges.demo.staffing import record_history, staff
from commcredits.gateways.protocol import CustomerRequest, Unavailable
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl

CARD: Final = "sim_ok"
GATEWAY: Final = "simulator"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedOrganization:
    """A sample organization and the id that it got."""

    sample: SampleOrganization
    organization_id: str


async def find_opened(
    administration: AdministrationClient, samples: tuple[SampleOrganization, ...]
) -> tuple[OpenedOrganization, ...]:
    """Those of the sample organizations that an earlier demonstration opened, if it opened all of them."""
    listed = await administration.get("/v1/organizations", limit="200")
    ids = {each["name"]: str(each["organization_id"]) for each in listed["items"]}
    if not all(sample.name in ids for sample in samples):
        return ()
    return tuple(OpenedOrganization(sample=sample, organization_id=ids[sample.name]) for sample in samples)


async def open_all(
    administration: AdministrationClient,
    samples: tuple[SampleOrganization, ...],
    *,
    rate_deck_ids: Mapping[str, str],
    simulator_url: str,
    say: Callable[[str], None],
) -> tuple[OpenedOrganization, ...]:
    """Open and fund the organizations; ``rate_deck_ids`` are by currency. Raises AdministrationError."""
    opened = []
    for sample in samples:
        say(f"Opening {sample.name} ({sample.country}, {sample.currency})")
        organization = await _open(administration, sample, rate_deck_ids[sample.currency])
        await _fund(administration, organization, simulator_url)
        opened.append(organization)
    for organization in opened:
        await _promote(administration, organization)
    return tuple(opened)


async def _open(
    administration: AdministrationClient, sample: SampleOrganization, rate_deck_id: str
) -> OpenedOrganization:
    answer = await administration.post(
        "/v1/organizations",
        {
            "name": sample.name,
            "country": sample.country,
            "currency": sample.currency,
            "time_zone": sample.time_zone,
            "language": sample.language,
        },
        key=f"open-{sample.country}",
    )
    organization = OpenedOrganization(sample=sample, organization_id=str(answer["organization_id"]))
    path = _path(organization)
    await administration.put(f"{path}/rate-deck", {"rate_deck_id": rate_deck_id})
    await staff(administration, path, sample)
    await record_history(administration, path, sample, datetime.now(UTC))
    return organization


async def _fund(administration: AdministrationClient, organization: OpenedOrganization, simulator_url: str) -> None:
    path, sample = _path(organization), organization.sample
    reference = await _attach_card(organization, simulator_url)
    method = await administration.post(f"{path}/payment-methods", {"gateway": GATEWAY, "reference": reference})
    payment_method = str(method["payment_method"])
    for number, amount_micros in enumerate(sample.top_up_micros):
        body = {"amount": format_micros(amount_micros), "payment_method": payment_method}
        await administration.post(f"{path}/top-ups", body, key=f"top-up-{number}")
    rule = sample.auto_recharge
    # Last, or the empty balance of a moment ago would recharge at once.
    if rule is not None:
        body = {
            "recharge_amount": format_micros(rule.recharge_amount_micros),
            "trigger_amount": format_micros(rule.trigger_amount_micros),
            "monthly_cap": format_micros(rule.monthly_cap_micros),
            "payment_method": payment_method,
        }
        await administration.put(f"{path}/auto-recharge", {"enabled": True, **body})


async def _attach_card(organization: OpenedOrganization, simulator_url: str) -> str:
    """The gateway's reference of a test card that always pays."""
    gateway = SimulatorGateway(simulator_url)
    try:
        customer = await gateway.create_customer(
            CustomerRequest(idempotency_key=f"customer-{organization.organization_id}", name=organization.sample.name)
        )
    finally:
        await gateway.aclose()
    if isinstance(customer, Unavailable):
        raise AdministrationError(f"the simulated gateway does not answer: {customer.detail}")
    async with SimulatorControl(simulator_url) as control:
        return (await control.attach_card(customer.reference, CARD)).reference


async def _promote(administration: AdministrationClient, organization: OpenedOrganization) -> None:
    for number, promotion in enumerate(organization.sample.promotions):
        expires_at = datetime.now(UTC) + timedelta(seconds=promotion.expires_after_seconds)
        body = {
            "amount": format_micros(promotion.amount_micros),
            "expires_at": expires_at.isoformat().replace("+00:00", "Z"),
            "reason": "Welcome credit",
        }
        await administration.post(f"{_path(organization)}/promotions", body, key=f"promotion-{number}")


def _path(organization: OpenedOrganization) -> str:
    return f"/v1/organizations/{organization.organization_id}"
