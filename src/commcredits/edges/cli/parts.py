"""What the command line needs from whoever puts the product together.

Knows the shape of those parts. Refuses to know settings, databases and processes.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.services import Services


class CannotRunError(Exception):
    """The command cannot be carried out here: settings, database or ports. The message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The services of one command. ``simulator_url`` is where the simulated gateway is, where that is the gateway."""

    services: Services
    simulator_url: str | None


class RunningSystem(Protocol):
    """Where a system that runs can be called."""

    @property
    def web_url(self) -> str:
        """Portal and administration API."""
        ...

    @property
    def charging_url(self) -> str:
        """The charging endpoints."""
        ...

    @property
    def simulator_url(self) -> str | None:
        """The simulated gateway; None when real ones are set."""
        ...

    @property
    def switch_ports(self) -> Mapping[str, int]:
        """First ports of the edges of switches by their settings; 0 for one that only connects."""
        ...


class OpenServices(Protocol):
    """Opens the services for one command, and starts the embedded database for it when nobody has."""

    def __call__(self, *, with_gateways: bool = False) -> AbstractAsyncContextManager[Opened]:
        """Services without a gateway unless they are asked for. Raises CannotRunError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoChoices:
    """How a demonstration is wanted.

    ``seconds`` None lets it run until it is stopped. ``port`` is the portal's; None takes a free one when the usual one
    is taken. ``keep`` goes on with the data of the last one.
    """

    seconds: int | None
    open_browser: bool
    port: int | None
    keep: bool
    data_directory: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that commands stand on. All of it raises CannotRunError when it cannot be had."""

    open_services: OpenServices
    run_system: Callable[[], AbstractAsyncContextManager[RunningSystem]]
    migrate: Callable[[], Coroutine[Any, Any, tuple[str, ...]]]
    run_demo: Callable[[DemoChoices], Coroutine[Any, Any, None]]
