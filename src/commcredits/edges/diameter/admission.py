"""Who may connect, from where, under which name.

Knows the peers that the operator named. Refuses to know sockets and messages.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping

from commcredits.settings.diameter import DiameterPeer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AllowedPeers:
    """The peers of the settings, by Origin-Host in lower case, and their networks."""

    __slots__ = ("_all", "_by_host")

    def __init__(self, peers: Mapping[str, DiameterPeer]) -> None:
        self._by_host: dict[str, tuple[Network, ...]] = {
            host.lower(): tuple(ipaddress.ip_network(network) for network in peer.networks)
            for host, peer in peers.items()
        }
        self._all = frozenset(network for networks in self._by_host.values() for network in networks)

    def may_connect(self, address: Address) -> bool:
        """Whether any peer connects from there: asked before an octet is read."""
        return any(address in network for network in self._all)

    def why_not(self, origin_host: str, address: Address, certificate_names: Collection[str] | None) -> str:
        """Why this peer may not speak from there, in words for a log; empty when it may.

        ``certificate_names`` are the DNS names that its certificate was checked for, None where none was asked for: a
        certificate opens the way for the peer that it names and for no other (RFC 6733 §13.1).
        """
        networks = self._by_host.get(origin_host)
        if networks is None:
            return "unknown peer"
        if not any(address in network for network in networks):
            return "a known peer's name from another network"
        if certificate_names is not None and origin_host not in certificate_names:
            return "the certificate names another host"
        return ""


def plain_address(host: str) -> Address:
    """The address of a socket: an IPv4 one that came over IPv6 is an IPv4 one; a zone is no part of it."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return (address.version == 6 and address.ipv4_mapped) or address  # noqa: PLR2004 # the versions of IP have no names
