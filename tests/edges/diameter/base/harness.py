"""A listener with a small application, and clients that say to it exactly what a test wants, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from commcredits.edges.diameter.admission import plain_address
from commcredits.edges.diameter.avp_writing import (
    write_address,
    write_group,
    write_integer32,
    write_octets,
    write_unsigned32,
    write_utf8,
)
from commcredits.edges.diameter.avps import Avp
from commcredits.edges.diameter.dictionary import (
    AUTH_APPLICATION_ID,
    CAPABILITIES_EXCHANGE,
    DEVICE_WATCHDOG,
    DISCONNECT_CAUSE,
    DISCONNECT_PEER,
    HOST_IP_ADDRESS,
    INBAND_SECURITY_ID,
    ORIGIN_STATE_ID,
    PRODUCT_NAME,
    SESSION_ID,
    VENDOR_ID,
    VENDOR_SPECIFIC_APPLICATION_ID,
    ResultCode,
)
from commcredits.edges.diameter.limits import PeerLimits
from commcredits.edges.diameter.messages import (
    HEADER_OCTETS,
    PROXIABLE,
    REQUEST,
    Identity,
    Message,
    proxy_infos,
    read_message,
    result_of,
    write_answer,
    write_request,
    write_result,
)
from commcredits.edges.diameter.ports import Peer
from commcredits.edges.diameter.transport import DiameterServer, serve_peers
from commcredits.settings.diameter import DiameterPeer, DiameterSettings

CREDIT_CONTROL: Final = 4
CCR: Final = 272
RAR: Final = 258
US: Final = Identity("charging.example", "example")
CLIENT: Final = "gateway.example"
OTHER_CLIENT: Final = "other.example"
BRISK: Final = PeerLimits(
    watchdog_seconds=30,
    capabilities_seconds=20,
    message_seconds=20,
    write_seconds=20,
    request_seconds=20,
    goodbye_seconds=2,
    sweep_seconds=0.02,
)
"""Limits that no test reaches by mistake; the sweep is quick, so that tests which lower one do not wait."""
WAIT_SECONDS: Final = 30


class Echo:
    """An application that answers every request with success and its Session-Id, or holds answers back."""

    application_id = CREDIT_CONTROL
    command_codes = frozenset({CCR})

    def __init__(self) -> None:
        self.taken: list[Message] = []
        self.peers: list[Peer] = []
        self.closed: list[str] = []
        self.held: list[Callable[[], None]] | None = None
        self.failure: Exception | None = None

    def take(self, peer: Peer, request: Message, answer: Callable[[bytes], None]) -> None:
        """See ``ports.Application``."""
        assert peer in self.peers
        self.taken.append(request)
        if self.failure is not None:
            raise self.failure
        avps = request.avps()
        octets = write_answer(
            request, avps[0].encoded() + write_result(ResultCode.SUCCESS) + US.avps + proxy_infos(avps)
        )
        if self.held is None:
            answer(octets)
        else:
            self.held.append(lambda: answer(octets))

    def peer_opened(self, peer: Peer) -> None:
        """See ``ports.Application``."""
        self.peers.append(peer)

    def peer_closed(self, peer: Peer) -> None:
        """See ``ports.Application``."""
        self.closed.append(peer.origin_host)


def settings_for(**changes: Any) -> DiameterSettings:
    """Settings under which two clients may connect from this machine."""
    networks = DiameterPeer(networks=("127.0.0.0/8", "::1/128"))
    known: dict[str, Any] = {
        "port": 0,
        "origin_host": US.host,
        "origin_realm": US.realm,
        "peers": {CLIENT: networks, OTHER_CLIENT: networks},
    }
    return DiameterSettings(**{**known, **changes})


@contextlib.asynccontextmanager
async def serving(
    application: Echo | None = None, limits: PeerLimits = BRISK, **changes: Any
) -> AsyncIterator[tuple[DiameterServer, Echo]]:
    """A listener that is stopped afterwards; changes are to the settings."""
    application = application or Echo()
    settings = settings_for(**changes)
    server = await serve_peers(settings, application, clock=lambda: datetime.now(UTC), limits=limits)
    try:
        yield server, application
    finally:
        await server.stop(0.5)
        assert server.connection_count == 0


class Client:
    """One connection of a peer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader = reader
        self.writer = writer
        self.identity = Identity(host, "example")
        self._hop_by_hop = 1_000

    @property
    def local_host(self) -> str:
        return str(self.writer.get_extra_info("sockname")[0])

    def send(self, *octets: bytes) -> None:
        self.writer.write(b"".join(octets))

    def request(
        self, command_code: int, avps: bytes, *, application_id: int = 0, flags: int = REQUEST, end_to_end: int = 77
    ) -> int:
        """Send a request; its hop-by-hop identifier."""
        self._hop_by_hop += 1
        self.send(
            write_request(
                command_code,
                application_id,
                avps,
                hop_by_hop=self._hop_by_hop,
                end_to_end=end_to_end,
                flags=flags,
            )
        )
        return self._hop_by_hop

    def charge(self, session_id: str = "s;1", extra: bytes = b"", flags: int = REQUEST | PROXIABLE) -> int:
        """Send a CCR as small as one can be."""
        avps = write_utf8(SESSION_ID, session_id) + self.identity.avps + extra
        return self.request(CCR, avps, application_id=CREDIT_CONTROL, flags=flags)

    def watchdog(self) -> int:
        return self.request(DEVICE_WATCHDOG, self.identity.avps)

    def leave(self, cause: int = 0) -> int:
        return self.request(DISCONNECT_PEER, self.identity.avps + write_integer32(DISCONNECT_CAUSE, cause))

    def answer(self, request: Message, avps: bytes = b"") -> None:
        self.send(write_answer(request, write_result(ResultCode.SUCCESS) + self.identity.avps + avps))

    async def receive(self) -> Message:
        async with asyncio.timeout(WAIT_SECONDS):
            header = await self.reader.readexactly(HEADER_OCTETS)
            length = int.from_bytes(header[1:4], "big")
            message = read_message(header + await self.reader.readexactly(length - HEADER_OCTETS))
        message.avps()
        return message

    async def agree(self, **changes: Any) -> Message:
        """Exchange capabilities; the CEA."""
        self.request(CAPABILITIES_EXCHANGE, capabilities(self, **changes))
        return await self.receive()

    async def is_closed(self) -> bool:
        """Whether the server ends the connection, saying nothing more."""
        async with asyncio.timeout(WAIT_SECONDS):
            try:
                return await self.reader.read(1) == b""
            except ConnectionError:
                return True

    async def is_alive(self) -> bool:
        """Whether a watchdog request is answered."""
        asked = self.watchdog()
        return (await self.receive()).hop_by_hop == asked

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
            async with asyncio.timeout(WAIT_SECONDS):
                await self.writer.wait_closed()


def capabilities(
    client: Client,
    *,
    applications: Iterable[int] = (CREDIT_CONTROL,),
    vendor_applications: Iterable[int] = (),
    inband: Iterable[int] = (),
    state_id: int | None = None,
    extra: bytes = b"",
) -> bytes:
    """What a CER says."""
    return b"".join([
        client.identity.avps,
        write_address(HOST_IP_ADDRESS, plain_address(client.local_host)),
        write_unsigned32(VENDOR_ID, 10_415),
        write_utf8(PRODUCT_NAME, "test client", mandatory=False),
        b"" if state_id is None else write_unsigned32(ORIGIN_STATE_ID, state_id),
        *(write_unsigned32(AUTH_APPLICATION_ID, each) for each in applications),
        *(
            write_group(
                VENDOR_SPECIFIC_APPLICATION_ID,
                write_unsigned32(VENDOR_ID, 10_415),
                write_unsigned32(AUTH_APPLICATION_ID, each),
            )
            for each in vendor_applications
        ),
        *(write_unsigned32(INBAND_SECURITY_ID, each) for each in inband),
        extra,
    ])  # fmt: skip


@contextlib.asynccontextmanager
async def connected(
    server: DiameterServer, host: str = CLIENT, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[Client]:
    """A connection on which nothing was said."""
    reader, writer = await asyncio.open_connection(
        address, server.port, ssl=tls, server_hostname=US.host if tls else None
    )
    client = Client(reader, writer, host)
    try:
        yield client
    finally:
        await client.close()


@contextlib.asynccontextmanager
async def agreed(server: DiameterServer, host: str = CLIENT, **changes: Any) -> AsyncIterator[Client]:
    """A connection on which capabilities were exchanged."""
    async with connected(server, host) as client:
        assert result_of(await client.agree(**changes)) == ResultCode.SUCCESS
        yield client


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, with a limit."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another part, which tells nobody
            await asyncio.sleep(0.005)


def by_key(message: Message) -> Mapping[int, list[Avp]]:
    """The AVPs of a message by key."""
    found: dict[int, list[Avp]] = {}
    for avp in message.avps():
        found.setdefault(avp.key, []).append(avp)
    return found


def unknown_avp(*, mandatory: bool) -> bytes:
    """An AVP that nobody here knows."""
    return write_octets(99_999, b"?", mandatory=mandatory)
