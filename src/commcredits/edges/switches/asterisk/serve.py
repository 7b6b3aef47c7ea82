"""The Asterisk edge as a service of the process: FastAGI is heard, and every ARI is connected to.

Knows settings, and which orders are for whom. Refuses to know what is said on a link.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog

from commcredits.edges.switches.alarms import Timers
from commcredits.edges.switches.asterisk.ari_link import AriLinkServer
from commcredits.edges.switches.asterisk.ari_socket import trust_of
from commcredits.edges.switches.asterisk.fastagi_listener import FastAgiListener
from commcredits.edges.switches.asterisk.fastagi_scripts import FastAgiScripts
from commcredits.edges.switches.complaints import Complaints
from commcredits.operations.following import CallOrder, OrderKind
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.asterisk import AsteriskSettings

_NOT_DELIVERED_MAX: Final = 10_000
_log: Final = structlog.get_logger("asterisk")


class AsteriskServer:
    """The edge, from ``start`` until ``stop``. ``links`` are its connections to ARI, by the names in the settings."""

    def __init__(self, parts: SwitchParts, settings: AsteriskSettings, timers: Timers) -> None:
        self._following = parts.following
        self._settings = settings
        scripts = FastAgiScripts(
            desk=parts.desk,
            timers=timers,
            name=settings.fastagi_name,
            slice_seconds=settings.fastagi_slice_seconds,
        )
        self._listener = FastAgiListener(scripts, settings.networks, Complaints(timers, "asterisk"))
        self.links: Mapping[str, AriLinkServer] = {
            name: AriLinkServer(
                parts,
                name=name,
                link=link,
                trust=trust_of(link),
                timers=timers,
                reconcile_seconds=settings.reconcile_seconds,
            )
            for name, link in settings.links.items()
        }
        self._by_switch = {each.switch: each for each in self.links.values()}
        self._not_delivered: set[tuple[OrderKind, str]] = set()
        self._following_task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """FastAGI's port."""
        return self._listener.port

    async def start(self) -> None:
        """Listen, and begin to connect. Raises OSError when FastAGI's address cannot be had."""
        await self._listener.start(self._settings.host, self._settings.port)
        for link in self.links.values():
            link.start()
        self._following_task = asyncio.get_running_loop().create_task(
            self._following.follow(self.deliver), name="asterisk follows"
        )

    def deliver(self, order: CallOrder) -> None:
        """Hand an order to the link of its call. A call by FastAGI can be told nothing: that is said once."""
        link = self._by_switch.get(order.switch)
        if link is not None:
            link.deliver(order)
            return
        said = (order.kind, order.session_id)
        if said in self._not_delivered:
            return
        if len(self._not_delivered) >= _NOT_DELIVERED_MAX:
            self._not_delivered.clear()
        self._not_delivered.add(said)
        # That funds came too late for a call is as it must be; that somebody's order to cut it is void is not.
        say = _log.warning if order.kind is OrderKind.CUT else _log.info
        say(
            "order not delivered, for its call has no link that could be told",
            order=order.kind.value,
            switch=order.switch,
            session_id=order.session_id,
        )

    async def stop(self) -> None:
        """See SwitchServer."""
        if self._following_task is not None:
            self._following_task.cancel()
            await asyncio.wait([self._following_task])
        await asyncio.gather(self._listener.stop(), *[link.stop() for link in self.links.values()])


async def serve(parts: SwitchParts, settings: AsteriskSettings) -> AsteriskServer:
    """Start the edge. Raises OSError when FastAGI's address cannot be had, or a certificate cannot be read."""
    server = AsteriskServer(parts, settings, asyncio.get_running_loop())
    await server.start()
    return server
