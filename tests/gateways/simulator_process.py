"""A simulated gateway in a process of its own, as it runs in life: started, asked, stopped or killed by its id."""

import json
import os
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from commcredits.gateways.protocol import CustomerRequest
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl

STOP_SECONDS_MAX = 30

# The simulator speaks plain HTTP; a client that loads no roots of trust is made seventy times as fast.
NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass(slots=True, kw_only=True)
class SimulatorProcess:
    """How to start it, and what runs."""

    state_path: Path
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    base_url: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start it on a free port, on the state that it left."""
        command = [
            sys.executable,
            "-m",
            "commcredits.gateways.simulator",
            "--port",
            "0",
            "--state",
            str(self.state_path),
        ]
        self.process = subprocess.Popen(
            [*command, *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **self.environment},
            text=True,
        )
        assert self.process.stdout is not None
        self.base_url = json.loads(self.process.stdout.readline())["base_url"]
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Stop it; gives its exit status and everything that it said after its address."""
        assert self.process is not None
        self.process.send_signal(how)
        said, complained = self.process.communicate(timeout=STOP_SECONDS_MAX)
        status = self.process.returncode
        self.process = None
        return status, said + complained

    def gateway(self, answer_seconds_max: float = 10) -> SimulatorGateway:
        """Open our plug-in."""
        return SimulatorGateway(self.base_url, answer_seconds_max=answer_seconds_max)

    def control(self) -> SimulatorControl:
        """Open the stage manager's side."""
        return SimulatorControl(self.base_url)


async def store_card(simulator: SimulatorProcess, card: str) -> str:
    """Store a test card for a customer of its own; gives the payment method's reference."""
    gateway = simulator.gateway()
    try:
        customer = await gateway.create_customer(
            CustomerRequest(idempotency_key=os.urandom(12).hex(), name="Ana Țepeș")
        )
    finally:
        await gateway.aclose()
    async with simulator.control() as control:
        return (await control.attach_card(getattr(customer, "reference", ""), card)).reference


async def taken_minor(simulator: SimulatorProcess, idempotency_key: str) -> int:
    """Add up what the gateway's own books say was taken under a key."""
    async with simulator.control() as control:
        charges = await control.charges()
    return sum(
        charge.amount_minor
        for charge in charges
        if charge.idempotency_key == idempotency_key and charge.status == "succeeded"
    )
