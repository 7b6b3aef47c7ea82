"""A process of one edge of switches: Diameter, RADIUS, or the links to one kind of switch.

Knows which parts an edge needs and in which order they stop. Refuses to load an edge that it does not run.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Final, TypeVar

from commcredits.core.numbers import classify
from commcredits.main.charging import (
    DIRECTORY_POLL_SECONDS,
    LARGE_NUMBERING_PLANS,
    calm_the_collector,
)
from commcredits.main.composition import Ready, SettingsError, open_services_and_committer, utc_now
from commcredits.main.ports import os_reason
from commcredits.operations.charging import ChargingDesk
from commcredits.operations.following import Following
from commcredits.operations.numbers import NumberDirectory
from commcredits.operations.switch_parts import SwitchParts, SwitchServer
from commcredits.settings import Settings

T = TypeVar("T")

_ADDRESS_ERRORS: Final = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES)
_ADDRESS_FIELDS: Final = ("host", "port", "authentication_port", "accounting_port")


async def run_switches(role: str, settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Serve the switches of this edge until ``stop``; then answer what was asked, and close."""
    async with contextlib.AsyncExitStack() as stack:
        services, committer = await stack.enter_async_context(open_services_and_committer(settings, role=role))
        directory = NumberDirectory()
        await directory.load(services.pool, services.shard_id)
        numbers = asyncio.create_task(
            directory.follow(services.pool, services.shard_id, DIRECTORY_POLL_SECONDS), name="numbers"
        )
        stack.callback(numbers.cancel)
        parts = SwitchParts(
            desk=ChargingDesk(
                submitter=committer,
                directory=directory,
                pool=services.pool,
                shard_id=services.shard_id,
                clock=utc_now,
            ),
            following=Following(pool=services.pool, shard_id=services.shard_id, protocol=role, clock=utc_now),
            services=services,
        )
        with _naming_the_address(role, settings):
            server = await _serve(role, settings, parts)
        stack.push_async_callback(server.stop)
        for number in LARGE_NUMBERING_PLANS:
            classify(number)
        calm_the_collector()
        ready(server.port)
        await stop.wait()


async def _serve(role: str, settings: Settings, parts: SwitchParts) -> SwitchServer:
    """The edge of that name, serving. SettingsError when nothing is set for it, or what is set cannot work."""
    # ruff: noqa: PLC0415 - a process loads the one edge that it runs
    match role:
        case "diameter":
            from commcredits.edges.diameter.serve import serve as serve_diameter

            return await serve_diameter(parts, _chosen(role, settings.diameter))
        case "radius":
            from commcredits.edges.radius.serve import serve as serve_radius

            return await serve_radius(parts, _chosen(role, settings.radius))
        case "kamailio":
            from commcredits.edges.switches.kamailio.serve import serve as serve_kamailio

            return await serve_kamailio(parts, _chosen(role, settings.kamailio))
        case "freeswitch":
            from commcredits.edges.switches.freeswitch.serve import serve as serve_freeswitch

            return await serve_freeswitch(parts, _chosen(role, settings.freeswitch))
        case "asterisk":
            from commcredits.edges.switches.asterisk.serve import serve as serve_asterisk

            return await serve_asterisk(parts, _chosen(role, settings.asterisk))
        case "cgrates":
            from commcredits.edges.switches.cgrates.serve import serve as serve_cgrates

            return await serve_cgrates(parts, _chosen(role, settings.cgrates))
        case _:
            raise ValueError(f"no edge of switches is called {role!r}")


@contextlib.contextmanager
def _naming_the_address(role: str, settings: Settings) -> Iterator[None]:
    """Let an address that cannot be had be told with the setting that it stands in."""
    try:
        yield
    except OSError as error:
        # Of a UDP address that is taken the loop says it in words, and the system's own error comes before it.
        cause = error.__cause__ if error.errno is None and isinstance(error.__cause__, OSError) else error
        if cause.errno not in _ADDRESS_ERRORS and not isinstance(cause, socket.gaierror):
            raise
        chosen = getattr(settings, role)
        where = ", ".join(f"{name} {getattr(chosen, name)}" for name in _ADDRESS_FIELDS if hasattr(chosen, name))
        raise OSError(f"COMMCREDITS_{role.upper()}: {where} cannot be used: {os_reason(cause)}") from error


def _chosen(role: str, settings: T | None) -> T:
    if settings is None:
        raise SettingsError(f"COMMCREDITS_{role.upper()} is not set")
    return settings
