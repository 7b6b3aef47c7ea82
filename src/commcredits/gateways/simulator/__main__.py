"""`python -m commcredits.gateways.simulator --port N --state FILE`: the simulated gateway as a process.

The first line on standard output is a JSON object with the address, for whoever started it. The webhook secret comes
from the environment, because arguments can be read by every user of the machine.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from commcredits.gateways.simulator.server import (
    DEFAULT_PORT,
    SimulatorSettings,
    SimulatorStartError,
    run_simulator,
)
from commcredits.gateways.simulator.store import StateFileError

WEBHOOK_VARIABLE: Final = "COMMCREDITS_SIMULATOR_WEBHOOK_SECRET"
EXIT_CANNOT_START: Final = 2


def main() -> int:
    """Run the simulator as the arguments say; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m commcredits.gateways.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1; 0 takes any free one")
    parser.add_argument("--state", type=Path, required=True, metavar="FILE", help="where the books are kept (SQLite)")
    parser.add_argument("--public-url", help="how browsers reach the hosted pages, if not as 127.0.0.1")
    parser.add_argument("--webhook-url", help=f"where webhooks go; the secret is read from {WEBHOOK_VARIABLE}")
    parser.add_argument("--seed", type=int, help="make references repeat from run to run")
    arguments = parser.parse_args()
    secret = os.environ.get(WEBHOOK_VARIABLE)
    settings = SimulatorSettings(
        state_path=arguments.state,
        port=arguments.port,
        public_url=arguments.public_url,
        webhook_url=arguments.webhook_url,
        webhook_secret=None if secret is None else SecretStr(secret),
        seed=arguments.seed,
    )
    try:
        run_simulator(settings, on_ready=_say_ready)
    except (SimulatorStartError, StateFileError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return EXIT_CANNOT_START
    return 0


def _say_ready(base_url: str) -> None:
    sys.stdout.write(json.dumps({"base_url": base_url}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
