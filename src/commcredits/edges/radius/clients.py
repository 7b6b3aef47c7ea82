"""The access servers that may ask: found by the address that a packet comes from.

Knows addresses, networks, secrets, and what a switch is called in the books. Refuses to know packets.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from commcredits.core.commands import CallType
from commcredits.settings.radius import RadiusClient, RadiusSettings

PROTOCOL: Final = "radius"
FOUND_MAX: Final = 4_096
"""How many addresses are remembered with what was found for them."""

_QUALIFIER: Final = "__"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9.-]", re.ASCII)
_QUALIFIER_CHARACTERS_MAX: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One entry of the settings. ``address`` is empty for a network; ``class_key`` proves what we hand out ourselves.

    ``slice_seconds`` is how much of a call is held for at a time; ``disconnect_port`` is 0 where nothing can be told.
    """

    name: str
    address: str
    secret: bytes = field(repr=False)
    class_key: bytes = field(repr=False)
    disconnect_port: int
    slice_seconds: int
    proxy: bool
    organization_id: str
    call_type: CallType | None
    user_name_is_user: bool
    country_code: str
    international_prefix: str
    national_prefix: str

    def switch(self, host: str, told_name: str) -> str:
        """What the switch behind a packet is called in the books, as ``radius:gateway``.

        Where an entry stands for several access servers, their address, or what they call themselves behind a proxy,
        follows: the restart of one of them must not end the calls of the others.
        """
        if self.proxy:
            return self._qualified(told_name)
        return f"{PROTOCOL}:{self.name}" if self.address else self._qualified(host)

    def _qualified(self, by: str) -> str:
        return f"{PROTOCOL}:{self.name}{_QUALIFIER}{_UNFIT.sub('-', by)[:_QUALIFIER_CHARACTERS_MAX]}"


class Clients:
    """All of them."""

    __slots__ = ("_by_name", "_found", "_networks")

    def __init__(self, settings: RadiusSettings) -> None:
        networks = []
        for address, chosen in settings.clients.items():
            network = ip_network(address)
            single = str(network.network_address) if network.num_addresses == 1 else ""
            networks.append((network, _client(chosen, single, settings.slice_seconds)))
        # The narrowest network that holds an address is the one that is meant.
        self._networks = sorted(networks, key=lambda each: -each[0].prefixlen)
        self._by_name: Mapping[str, Client] = {client.name: client for _network, client in networks}
        self._found: dict[str, Client | None] = {}

    def find(self, host: str) -> Client | None:
        """Who sends from this address; None for a stranger."""
        try:
            return self._found[host]
        except KeyError:
            found = self._look(host)
            if len(self._found) < FOUND_MAX:
                self._found[host] = found
            return found

    def of_switch(self, switch: str) -> Client | None:
        """Whose switch this is, by what the books call it; None when it left the settings."""
        name = switch.removeprefix(f"{PROTOCOL}:")
        found = self._by_name.get(name)
        if found is None:
            found = next((each for each in self._by_name.values() if name.startswith(f"{each.name}{_QUALIFIER}")), None)
        return found

    def _look(self, host: str) -> Client | None:
        address = read_address(host)
        if address is None:
            return None
        return next((client for network, client in self._networks if address in network), None)


def read_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a socket names, an IPv4 address as itself also where it came in through IPv6; else None."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _client(chosen: RadiusClient, address: str, slice_seconds: int) -> Client:
    secret = chosen.secret.get_secret_value().encode()
    return Client(
        name=chosen.name,
        address=address,
        secret=secret,
        class_key=hmac.digest(secret, f"commcredits class of {chosen.name}".encode(), "sha256"),
        disconnect_port=chosen.disconnect_port,
        slice_seconds=chosen.slice_seconds or slice_seconds,
        proxy=chosen.proxy,
        organization_id=chosen.organization_id,
        call_type=chosen.call_type,
        user_name_is_user=chosen.user_name_is_user,
        country_code=chosen.country_code,
        international_prefix=chosen.international_prefix,
        national_prefix=chosen.national_prefix,
    )
