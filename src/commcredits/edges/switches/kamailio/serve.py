"""The links to Kamailio as a service of the process: every link that the settings name, and the orders to their calls.

Knows which way a link is made. Refuses to know what is said over it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import structlog

from commcredits.edges.switches.kamailio.control import ControlLink
from commcredits.edges.switches.kamailio.link import EvapiLink
from commcredits.operations.following import CallOrder
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.kamailio import KamailioLink, KamailioSettings

_PREFIX: Final = "kamailio:"
_log: Final = structlog.get_logger("kamailio")


class Link(Protocol):
    """A link of either way."""

    async def start(self) -> None:
        """Begin to serve; does not wait for Kamailio."""
        ...

    async def stop(self) -> None:
        """Take nothing new, finish what was begun, close."""
        ...

    def deliver(self, order: CallOrder) -> None:
        """Tell Kamailio; returns at once."""
        ...


class KamailioLinks:
    """All links, until they are stopped."""

    __slots__ = ("_following", "_links")

    def __init__(self, links: Mapping[str, Link], following: asyncio.Task[None]) -> None:
        self._links = links
        self._following = following

    @property
    def port(self) -> int:
        """0: links are made by us."""
        return 0

    async def stop(self) -> None:
        """Give no more orders; then stop the links, all at once."""
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)
        await asyncio.gather(*(link.stop() for link in self._links.values()))


async def serve(parts: SwitchParts, settings: KamailioSettings) -> KamailioLinks:
    """Start every link. Kamailios that are not there yet are waited for."""
    links = {name: _link_of(parts, name, chosen, settings.reconcile_seconds) for name, chosen in settings.links.items()}

    def deliver(order: CallOrder) -> None:
        link = links.get(order.switch.removeprefix(_PREFIX))
        if link is None:
            _log.warning("order to a Kamailio that has no link", switch=order.switch, order=order.kind.value)
        else:
            link.deliver(order)

    for link in links.values():
        await link.start()
    return KamailioLinks(links, asyncio.create_task(parts.following.follow(deliver), name="following"))


def _link_of(parts: SwitchParts, name: str, chosen: KamailioLink, reconcile_seconds: int) -> Link:
    if chosen.way == "evapi":
        return EvapiLink(parts, name, chosen, reconcile_seconds)
    return ControlLink(parts, name, chosen, reconcile_seconds)
