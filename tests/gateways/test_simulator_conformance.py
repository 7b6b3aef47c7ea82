"""The simulated gateway keeps every promise of the conformance suite, over HTTP, in another process."""

from functools import partial

import httpx
import pytest

from commcredits.gateways.conformance import GatewayConformance, Subject
from commcredits.gateways.protocol import ActionRequired
from commcredits.gateways.simulator.faults import LoseAnswer
from tests.gateways.simulator_process import NO_TRUST, SimulatorProcess, store_card, taken_minor


class TestTheSimulatedGateway(GatewayConformance):
    @pytest.fixture
    def subject(self, simulator: SimulatorProcess) -> Subject:
        async def lose_next_answer() -> None:
            async with simulator.control() as control:
                await control.script(LoseAnswer())

        async def decide(decision: str, asked: ActionRequired) -> None:
            async with httpx.AsyncClient(trust_env=False, verify=NO_TRUST) as browser:
                (await browser.post(asked.url, data={"decision": decision})).raise_for_status()

        return Subject(
            open_gateway=simulator.gateway,
            currency="RON",
            amount_minor=25_000,
            approved_method=partial(store_card, simulator, "sim_ok"),
            declined_method=partial(store_card, simulator, "sim_decline_insufficient_funds"),
            action_method=partial(store_card, simulator, "sim_authenticate"),
            processing_method=partial(store_card, simulator, "sim_processing"),
            taken_minor=partial(taken_minor, simulator),
            lose_next_answer=lose_next_answer,
            approve=partial(decide, "approve"),
            refuse=partial(decide, "refuse"),
        )
