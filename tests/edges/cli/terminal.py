"""A terminal for tests: the real command line over a real database, in this process, with a status and two outputs.

Knows how a command is typed. Refuses to know what commands there are.
"""

import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from typer.testing import CliRunner

from commcredits.edges.cli.app import build_app
from commcredits.edges.cli.parts import DemoChoices, Opened, Parts, RunningSystem
from commcredits.main.opening import migrated, opened_for_command
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings

NOBODY = "018f3c5e-8a70-7000-8000-000000000001"
"""The id of no organization, rate deck or payment method."""

HEADER = (
    "prefix,destination,service,price_per_minute,connection_fee,"
    "first_increment,next_increment,effective_from,effective_to"
)
DECK = f"{HEADER}\n44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,\n"


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended and what it said."""

    status: int
    output: str
    complaint: str

    @property
    def complaint_in_one_line(self) -> str:
        """The complaint without the frame and the line breaks that usage errors are set in."""
        return " ".join(self.complaint.replace("│", " ").split())


class Terminal:
    """Commands over one database; payments go to a simulated gateway of their own."""

    def __init__(self, database_url: str, directory: Path, **settings: Any) -> None:
        self.directory = directory
        content = {"database_url": SecretStr(database_url), "data_directory": directory, "operator_token": None}
        self._settings = Settings(**{**content, **settings})
        parts = Parts(
            open_services=self._open_services,
            run_system=self._run_system,
            migrate=lambda: migrated(self._settings),
            run_demo=_no_demo,
        )
        self._app = build_app(parts)

    def type(self, *words: str) -> Said:
        """How a command ends. Raises what the command raises and does not turn into a status."""
        result = CliRunner().invoke(self._app, list(words), catch_exceptions=False)
        return Said(status=result.exit_code, output=result.stdout, complaint=result.stderr)

    def do(self, *words: str) -> Any:
        """The JSON that a command writes; it must be done."""
        said = self.type(*words, "--json")
        assert said.status == 0, said.complaint
        return json.loads(said.output)

    def open_organization(self, name: str = "Example", currency: str = "EUR", **changed: str) -> str:
        """The id of a new organization."""
        fields = {"country": "RO", "time-zone": "Europe/Bucharest", **changed}
        words = [word for option, value in fields.items() for word in (f"--{option}", value)]
        opened = self.do("organizations", "open", "--name", name, "--currency", currency, *words)
        return str(opened["organization_id"])

    def add_card(self, organization: str, card: str = "sim_ok") -> str:
        """The id of a payment method: a test card."""
        return str(self.do("gateway", "add-test-card", organization, card)["payment_method"])

    def file(self, content: str, name: str = "deck.csv") -> str:
        """The path of a new file."""
        path = self.directory / name
        path.write_text(content, encoding="utf-8")
        return str(path)

    @asynccontextmanager
    async def _open_services(self, *, with_gateways: bool = False) -> AsyncIterator[Opened]:
        async with opened_for_command(self._settings, with_gateways=with_gateways) as opened:
            yield opened

    @asynccontextmanager
    async def _run_system(self) -> AsyncIterator[RunningSystem]:
        async with running_system(self._settings) as running:
            yield running


def _no_demo(choices: DemoChoices) -> Coroutine[Any, Any, None]:
    raise AssertionError(f"no test of the terminal demonstrates anything: {choices}")
