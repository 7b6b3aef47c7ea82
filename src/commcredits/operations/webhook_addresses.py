"""Where webhooks may go: public https addresses, and none that leads back into the operator's own network.

Knows URLs, ranges of addresses and how names are resolved. Refuses to connect: whoever does is given the very addresses
that were checked, so that a name that changes its mind in between gains nothing. Everything here is refused unless it
is known to be good.
"""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final, Protocol
from urllib.parse import urlsplit

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import invalid_input

URL_CHARACTERS_MAX: Final = 2_048

RESOLVE_SECONDS_MAX: Final = 5.0

LOOKUPS_AT_ONCE_MAX: Final = 64
"""Most names that are looked up at once; one whose server is silent keeps its place for longer than anybody waits."""

_ALLOWED: Final = (
    "an address such as https://hooks.example.com/credits: https, a public host by its name, port 443 or 1024 to "
    "65535, no user name, no fragment"
)
_VISIBLE: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.ASCII)
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HIGH_PORTS: Final = range(1_024, 65_536)

_CLOSED: Final = tuple(
    ip_network(text)
    for text in (
        # Special purposes by the registries of RFC 6890; the standard library's own tables differ between releases.
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # A public address that a large cloud gives its own machines' caretaker.
        "168.63.129.16/32",
        # Within the global unicast range: protocol assignments with Teredo, documentation, 6to4, AS112.
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
_GLOBAL_V6: Final = ip_network("2000::/3")
"""Everything outside it is loopback, link-local, private, multicast, mapped, translated or not given out."""


class Resolver(Protocol):
    """Whoever finds the addresses of a host."""

    async def __call__(self, host: str, port: int, /) -> tuple[str, ...]:
        """IP addresses as text, none for a name that nobody knows. Raises OSError and TimeoutError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookTarget:
    """Where to connect: one of these addresses, as the host of that name. ``path`` begins with a slash."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


class _Lookups:
    """Lookups in threads of their own, one at a time for each name.

    The threads that everything else uses are few, and a lookup cannot be cut off: whoever lets the servers of ten names
    be silent would stop the names of everybody, and mails and receipts with them.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOKUPS_AT_ONCE_MAX, thread_name_prefix="webhook-names")
        self._under_way: dict[tuple[str, int], Future[tuple[str, ...]]] = {}

    def begin(self, host: str, port: int) -> Future[tuple[str, ...]]:
        """The lookup of this name that is under way, or a new one."""
        key = (host, port)
        known = self._under_way.get(key)
        if known is not None:
            return known
        begun = self._under_way[key] = self._threads.submit(_addresses_of, host, port)
        begun.add_done_callback(lambda _done: self._under_way.pop(key, None))
        return begun


@cache
def _lookups() -> _Lookups:
    return _Lookups()


def _addresses_of(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return ()
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


async def resolve_host(host: str, port: int, /) -> tuple[str, ...]:
    """The addresses of a host, asked of this machine's resolver."""
    async with asyncio.timeout(RESOLVE_SECONDS_MAX):
        # Shielded: others may wait for the same lookup.
        return await asyncio.shield(asyncio.wrap_future(_lookups().begin(host, port)))


async def check_target(url: str, *, resolve: Resolver, loopback_allowed: bool) -> WebhookTarget | Refused:
    """Where this URL leads now, or why nothing is sent there.

    ``loopback_allowed`` lets deliveries go to this machine, also over plain http; for trying out. A host is refused if
    any of its addresses is one that is not public. Raises OSError and TimeoutError when names cannot be resolved.
    """
    read = _read(url, loopback_allowed=loopback_allowed)
    if isinstance(read, Refused):
        return read
    literal = _literal(read.host)
    addresses = (read.host,) if literal is not None else await resolve(read.host, read.port)
    allowed = [_may_be_called(text, read.scheme, loopback_allowed=loopback_allowed) for text in addresses]
    if not addresses or not all(allowed):
        return Refused(code=RefusalCode.ADDRESS_NOT_ALLOWED, facts={"host": read.host})
    return WebhookTarget(scheme=read.scheme, host=read.host, port=read.port, path=read.path, addresses=tuple(addresses))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether this address belongs to the public Internet, as far as its registries say."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return False
    return not any(address in network for network in _CLOSED if network.version == address.version)


def _may_be_called(text: str, scheme: str, *, loopback_allowed: bool) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if loopback_allowed and address.is_loopback:
        return True
    return scheme == "https" and is_public(address)


def _read(url: str, *, loopback_allowed: bool) -> WebhookTarget | Refused:
    """The parts of a URL, which is read once and put together from these parts again: nobody reads it otherwise."""
    refused = invalid_input("url", url, _ALLOWED)
    if len(url) > URL_CHARACTERS_MAX or _VISIBLE.fullmatch(url.lower()) is None:
        return refused
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return refused
    schemes = ("https", "http") if loopback_allowed else ("https",)
    if parts.scheme not in schemes or "@" in parts.netloc or "#" in url or not parts.hostname:
        return refused
    host = parts.hostname
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    if (_literal(host) is None and not _is_name(host)) or _written(host, parts.port) != parts.netloc.lower():
        return refused
    if port != _DEFAULT_PORTS[parts.scheme] and port not in _HIGH_PORTS:
        return refused
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return WebhookTarget(scheme=parts.scheme, host=host, port=port, path=path, addresses=())


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, in the one form that everybody reads alike."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return address if str(address) == host and "%" not in host else None


def _is_name(host: str) -> bool:
    """Whether this is a host's name, and no number: 0x7f000001, 0177.1 and 2130706433 are read as addresses."""
    last = host.rpartition(".")[2]
    return _NAME.fullmatch(host) is not None and not last[:1].isdigit()


def _written(host: str, port: int | None) -> str:
    """Host and port as a URL has them."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"
