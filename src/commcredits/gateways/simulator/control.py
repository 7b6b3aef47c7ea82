"""What a test, a demo or an auditor does with the simulated gateway and a real one never offers: stage and inspect."""

from types import TracebackType
from typing import Final, Literal, Self, TypeVar

import httpx
import msgspec

from commcredits.gateways.protocol import PaymentMethod
from commcredits.gateways.simulator import wire
from commcredits.gateways.simulator.faults import Fault, Operation
from commcredits.gateways.simulator.translation import payment_method_of

ANSWER_SECONDS_MAX: Final = 10.0
CHARGES_PER_PAGE: Final = 200

A = TypeVar("A", bound=msgspec.Struct)


class SimulatorControl:
    """Stages faults and reads the gateway's own books. Raises `httpx.HTTPError` when the simulator refuses."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=ANSWER_SECONDS_MAX, trust_env=False, verify=base_url.startswith("https:")
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def attach_card(self, customer_reference: str, card: str) -> PaymentMethod:
        """Store a test card for a customer, without the hosted page."""
        body = wire.PaymentMethodBody(customer=customer_reference, card=card)
        return payment_method_of(await self._post("/payment-methods", body, wire.PaymentMethod))

    async def script(
        self,
        fault: Fault,
        *,
        operation: Operation = "charge",
        requests: int | None = 1,
        payment_method_reference: str | None = None,
    ) -> None:
        """Let `fault` strike the next `requests` of an operation; None: all of them, until the script is cleared."""
        body = wire.ScriptBody(
            fault=fault, operation=operation, requests=requests, payment_method=payment_method_reference
        )
        await self._post("/script", body, wire.ScriptBody)

    async def clear_script(self) -> None:
        """Forget the queued faults."""
        (await self._http.delete("/script")).raise_for_status()

    async def dispute(self, charge_reference: str, state: Literal["opened", "won", "lost"]) -> wire.Charge:
        """Play the payer's bank."""
        return await self._post(f"/charges/{charge_reference}/dispute", wire.DisputeBody(state=state), wire.Charge)

    async def charges(self) -> tuple[wire.Charge, ...]:
        """Read every charge in the gateway's books, oldest first."""
        found: list[wire.Charge] = []
        cursor: str | None = "0"
        while cursor is not None:
            response = await self._http.get("/charges", params={"after": cursor, "limit": str(CHARGES_PER_PAGE)})
            page = _read(response, wire.ChargeList)
            found += page.items
            cursor = page.next_cursor
        return tuple(found)

    async def totals(self) -> dict[str, wire.CurrencyTotal]:
        """Read what the gateway took and gave back, by currency."""
        totals = _read(await self._http.get("/totals"), wire.Totals)
        return {total.currency: total for total in totals.items}

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _post(self, path: str, body: msgspec.Struct, answer_type: type[A]) -> A:
        response = await self._http.post(
            path, content=msgspec.json.encode(body), headers={"content-type": "application/json"}
        )
        return _read(response, answer_type)


def _read(response: httpx.Response, answer_type: type[A]) -> A:
    response.raise_for_status()
    return msgspec.json.decode(response.content, type=answer_type)
