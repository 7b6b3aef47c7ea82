"""How often an address may show a key that is none: enough for a mistake, too seldom to keep the database busy.

Knows counts by network address, as many as it has room for. Refuses to know keys. No key can be guessed, for each has
256 random bits; what is bounded here is the work that guessing makes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

FAILURES_MAX: Final = 60
"""Credentials that are none which one address may show in a window."""

WINDOW_SECONDS: Final = 60.0
ADDRESSES_MAX: Final = 4_096
_PREFIX_OF_A_NETWORK: Final = 64
"""Whoever has one IPv6 address has these many bits of them."""


@dataclass(slots=True, kw_only=True)
class _Count:
    """Failures of one address since its window began."""

    since: float
    failures: int = 0


class Guesses:
    """The failures of addresses; one per process. ``seconds`` is any clock that only goes forward."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    def are_too_many(self, address: str, seconds: float) -> bool:
        """Whether this address has to wait before anything that it shows is looked up."""
        count = self._counts.get(_network_of(address))
        return count is not None and seconds - count.since < WINDOW_SECONDS and count.failures >= FAILURES_MAX

    def note(self, address: str, seconds: float) -> None:
        """One more failure of this address. Without room, whoever failed longest ago is forgotten."""
        network = _network_of(address)
        count = self._counts.pop(network, None)
        if count is None or seconds - count.since >= WINDOW_SECONDS:
            count = _Count(since=seconds)
        count.failures += 1
        self._counts[network] = count
        while len(self._counts) > ADDRESSES_MAX:
            self._counts.popitem(last=False)


def _network_of(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, _PREFIX_OF_A_NETWORK), strict=False))
    return str(parsed)
