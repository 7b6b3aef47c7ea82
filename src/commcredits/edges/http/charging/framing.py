"""Bytes of one connection → whole, well-framed requests (RFC 9112), and nothing that two readers could read two ways.

Knows the header fields that frame a request and those that open the door. Refuses to know what a body means, and to
guess: whatever is ambiguous is a fault, after which nothing more of the connection is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httptools

from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.problems import HttpFault

IDLE: Final = 0
"""Between two requests."""
HEADER: Final = 1
"""Inside a request line or header."""
BODY: Final = 2
"""Inside a body."""

CLOSE: Final = b"Connection: close\r\n"
KEEP_ALIVE: Final = b"Connection: keep-alive\r\n"

_CHUNK_OVERHEAD_FACTOR: Final = 8
"""Bytes on the wire allowed for each byte of a chunked body: chunks of one byte with six bytes of framing pass."""
_FIELD_OVERHEAD_BYTES: Final = 4
_SINGLE_FIELDS: Final = frozenset({b"host", b"authorization", b"content-length", b"transfer-encoding", b"expect"})
_HEADER_END: Final = b"\r\n\r\n"
_KNOWN_HEADERS_MAX: Final = 1_024
_KNOWN_HEADER_BYTES_MAX: Final = 1_024
_PLAIN_FIELDS: Final = 3
"""How many known fields a plain request has: Host, Authorization and Content-Length."""
_KNOWN_FIELDS: Final = _SINGLE_FIELDS | {b"connection", b"upgrade"}


class RequestFaultError(Exception):
    """The connection's bytes are no request that can be answered as such; nothing after them can be trusted."""

    def __init__(self, fault: HttpFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class CoarseClock:
    """Seconds of the event loop's clock, as of the last sweep: precise enough for time-outs, free to read."""

    __slots__ = ("seconds",)

    def __init__(self) -> None:
        self.seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What stands at a path: the largest body it takes, and who takes the exchange and that body."""

    body_bytes_max: int
    take: Callable[[Any, bytes], None]


class Doors(Protocol):
    """Knows who may ask what (commcredits.edges.http.charging.doors)."""

    def open(self, endpoint: Endpoint, authorization: bytes | None) -> Endpoint | None:
        """Who answers a request for this endpoint with this header Authorization; None for nobody."""
        ...


class KnownHeaders:
    """Whole headers that were read and found plain and authorised, shared by the connections of one listener.

    A client repeats its header byte for byte, and the same bytes read the same way; so a header seen before need not
    be taken apart again. Only who holds a token or key can have one remembered, after the comparison in constant time;
    and the look-up goes by a hash with a secret key, which says nothing of how much of a token was right. What is kept:
    who answers, and how many bytes of body follow.
    """

    __slots__ = ("_known", "get")

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[Endpoint, int]] = {}
        self.get = self._known.get

    def remember(self, header: bytes, endpoint: Endpoint, body_bytes: int) -> None:
        """Keep it; when there are too many, all are forgotten, which costs one more reading each."""
        if len(header) > _KNOWN_HEADER_BYTES_MAX:
            return
        if len(self._known) >= _KNOWN_HEADERS_MAX:
            self._known.clear()
        self._known[header] = (endpoint, body_bytes)


class RequestSink(Protocol):
    """Who gets the requests."""

    def request_received(
        self,
        endpoint: Endpoint | None,
        fault: HttpFault | None,
        body: bytes,
        connection_field: bytes,
        *,
        bodiless: bool,
    ) -> None:
        """One whole request, in order of arrival.

        A ``fault`` is all that may be answered when there is one; an endpoint is given otherwise. ``connection_field``
        goes into the answer's header; the connection ends after it when it is CLOSE. ``bodiless``: the answer to HEAD.
        """
        ...

    def continue_wanted(self) -> None:
        """The client waits for ``100 Continue`` before it sends the body."""
        ...


class RequestFraming:
    """The reader of one connection."""

    __slots__ = (
        "_begun_here",
        "_bodiless",
        "_body",
        "_body_bytes_max",
        "_clock",
        "_connection_field",
        "_doors",
        "_endpoint",
        "_endpoints",
        "_fault",
        "_fields",
        "_header_bytes",
        "_known",
        "_limits",
        "_parser",
        "_plain",
        "_sink",
        "_unfinished_bytes",
        "_upgrade_offered",
        "_url",
        "phase",
        "phase_since",
    )

    def __init__(
        self,
        sink: RequestSink,
        endpoints: Mapping[bytes, Endpoint],
        doors: Doors,
        limits: ListenerLimits,
        clock: CoarseClock,
        known: KnownHeaders,
    ) -> None:
        self._sink = sink
        self._endpoints = endpoints
        self._doors = doors
        self._limits = limits
        self._clock = clock
        self._known = known
        self._plain = False
        self._parser = httptools.HttpRequestParser(self)
        self._begun_here = 0
        self._unfinished_bytes = 0
        self._url = b""
        self._fields: dict[bytes, bytes] = {}
        self._header_bytes = 0
        self._endpoint: Endpoint | None = None
        self._fault: HttpFault | None = None
        self._connection_field = b""
        self._bodiless = False
        self._upgrade_offered = False
        self._body: bytes | bytearray = b""
        self._body_bytes_max = 0
        self.phase = IDLE
        self.phase_since = clock.seconds

    def feed(self, data: bytes) -> None:
        """Read on. Raises RequestFaultError when the bytes cannot be read as requests, or are too many."""
        between_requests = self.phase == IDLE
        if between_requests:
            end = data.find(_HEADER_END) + len(_HEADER_END)
            known = self._known.get(data[:end])
            if known is not None:
                endpoint, body_bytes = known
                if len(data) == end + body_bytes:
                    self.phase_since = self._clock.seconds
                    self._sink.request_received(endpoint, None, data[end:], b"", bodiless=False)
                    return
        self._begun_here = 0
        try:
            self._parse(memoryview(data))
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            raise cause if isinstance(cause, RequestFaultError) else error from None
        except httptools.HttpParserError:
            raise RequestFaultError(HttpFault.MALFORMED_REQUEST) from None
        if self.phase != IDLE:
            # Where several began in this read, nobody says which of its bytes belong to the last; the next read counts.
            if self._begun_here <= between_requests:
                self._count_unfinished(len(data))
        elif self._plain and between_requests:
            self._remember(data)

    def on_message_begin(self) -> None:
        """httptools: the first byte of a request was read."""
        # What the end of the header sets is left as it was; nothing looks at it before.
        self._url = b""
        self._fields = {}
        self._header_bytes = 0
        self._unfinished_bytes = 0
        self._begun_here += 1
        self._plain = False
        self.phase = HEADER
        self.phase_since = self._clock.seconds

    def on_url(self, part: bytes) -> None:
        """httptools: a part of the request target, as it stood in one read."""
        self._url = self._url + part if self._url else part

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: a whole field of the header, or of a trailer, which counts for its size alone."""
        self._header_bytes += len(name) + len(value) + _FIELD_OVERHEAD_BYTES
        name = name.lower()
        if name in _KNOWN_FIELDS and self.phase == HEADER:
            if name in self._fields and name in _SINGLE_FIELDS:
                raise RequestFaultError(HttpFault.MALFORMED_REQUEST)
            self._fields[name] = value

    def on_headers_complete(self) -> None:
        """httptools: the header is whole. Decides by it alone whether the body is worth reading."""
        fields, parser = self._fields, self._parser
        if self._header_bytes + len(self._url) > self._limits.header_bytes_max:
            raise RequestFaultError(HttpFault.HEADER_TOO_LARGE)
        method = parser.get_method()
        endpoint = self._endpoints.get(self._url) or self._endpoints.get(_path_of(self._url))
        self._endpoint = endpoint
        self._bodiless = method == b"HEAD"
        self._upgrade_offered = False
        if endpoint is None:
            self._fault = HttpFault.NOT_FOUND
        elif method != b"POST":
            self._fault = HttpFault.METHOD_NOT_ALLOWED
        else:
            self._endpoint = endpoint = self._doors.open(endpoint, fields.get(b"authorization"))
            self._fault = HttpFault.UNAUTHORISED if endpoint is None else None
        if endpoint is None or self._fault is not None:
            self._body_bytes_max = self._limits.single_body_bytes_max
        else:
            self._body_bytes_max = endpoint.body_bytes_max
        self._connection_field = b"" if parser.should_keep_alive() else CLOSE
        declared = fields.get(b"content-length")
        if self._connection_field or self._fault or declared is None or len(fields) != _PLAIN_FIELDS:
            self._check_unusual(method)
        if declared is not None and int(declared) > self._body_bytes_max:
            raise RequestFaultError(self._fault or HttpFault.PAYLOAD_TOO_LARGE)
        if b"expect" in fields:
            self._expect()
        elif declared is not None and not (self._connection_field or self._fault or self._upgrade_offered):
            self._plain = True
        self.phase = BODY
        self.phase_since = self._clock.seconds

    def on_body(self, part: bytes) -> None:
        """httptools: a part of the body, chunk framing removed."""
        if len(self._body) + len(part) > self._body_bytes_max:
            raise RequestFaultError(self._fault or HttpFault.PAYLOAD_TOO_LARGE)
        if not self._body:
            self._body = part
        elif isinstance(self._body, bytearray):
            self._body += part
        else:
            self._body = bytearray(self._body) + part

    def on_message_complete(self) -> None:
        """httptools: the request is whole."""
        if self._upgrade_offered:
            return  # httptools stops here without having read the body; _parse goes on
        self.phase = IDLE
        self.phase_since = self._clock.seconds
        body = self._body
        self._body = b""
        self._sink.request_received(
            self._endpoint,
            self._fault,
            body if type(body) is bytes else bytes(body),
            self._connection_field,
            bodiless=self._bodiless,
        )

    def _remember(self, data: bytes) -> None:
        """Remember the header of a plain request, if these bytes, begun between two requests, are it and nothing else.

        The first empty line ends the first header in them. So when a body of the last header's length follows it to the
        end of the bytes, first and last are the same.
        """
        end = data.find(_HEADER_END) + len(_HEADER_END)
        body_bytes = int(self._fields[b"content-length"])
        if self._endpoint is not None and len(data) == end + body_bytes:
            self._known.remember(data[:end], self._endpoint, body_bytes)

    def _check_unusual(self, method: bytes) -> None:
        """Whatever the header of a plain POST with one length has no need of."""
        fields = self._fields
        version = self._parser.get_http_version()
        if version not in {"1.0", "1.1"} or (version == "1.1" and b"host" not in fields):
            raise RequestFaultError(HttpFault.MALFORMED_REQUEST)
        if method == b"CONNECT":
            raise RequestFaultError(HttpFault.METHOD_NOT_ALLOWED)
        coding = fields.get(b"transfer-encoding")
        if coding is not None and (
            version == "1.0" or b"content-length" in fields or coding.strip().lower() != b"chunked"
        ):
            raise RequestFaultError(HttpFault.MALFORMED_REQUEST)
        if version == "1.0" and self._connection_field != CLOSE:
            self._connection_field = KEEP_ALIVE
        self._upgrade_offered = self._parser.should_upgrade()

    def _expect(self) -> None:
        if self._fields[b"expect"].strip().lower() != b"100-continue":
            raise RequestFaultError(HttpFault.EXPECTATION_FAILED)
        if self._fault is not None:
            raise RequestFaultError(self._fault)  # spares the client a body that would be thrown away
        if self._parser.get_http_version() != "1.0":
            self._sink.continue_wanted()

    def _count_unfinished(self, bytes_read: int) -> None:
        """Bound what a request may send before it is whole, whatever its parts are called."""
        self._unfinished_bytes += bytes_read
        if self.phase == HEADER:
            if self._unfinished_bytes > self._limits.header_bytes_max:
                raise RequestFaultError(HttpFault.HEADER_TOO_LARGE)
        elif self._unfinished_bytes > self._limits.header_bytes_max + self._body_bytes_max * _CHUNK_OVERHEAD_FACTOR:
            raise RequestFaultError(self._fault or HttpFault.PAYLOAD_TOO_LARGE)

    def _parse(self, data: memoryview) -> None:
        """Parse, also past offers to speak another protocol, which a server may ignore (RFC 9110 §7.8).

        httptools stops before the body of such a request. A parser that is given a header of the same framing reads on.
        """
        while True:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                coded = b"transfer-encoding" in self._fields
                length = self._fields.get(b"content-length", b"0")
                framing = b"Transfer-Encoding: chunked" if coded else b"Content-Length: " + length
                self._upgrade_offered = False
                self._parser = httptools.HttpRequestParser(_HeaderRead(self))
                self._parser.feed_data(b"POST / HTTP/1.1\r\nHost: .\r\n" + framing + b"\r\n\r\n")
            else:
                return


class _HeaderRead:
    """Passes on what httptools reads, but for the first header, which the framing has read before."""

    __slots__ = ("_framing", "_passing", "on_body")

    def __init__(self, framing: RequestFraming) -> None:
        self._framing = framing
        self._passing = False
        self.on_body = framing.on_body

    def on_message_begin(self) -> None:
        """httptools: as in RequestFraming."""
        if self._passing:
            self._framing.on_message_begin()

    def on_url(self, part: bytes) -> None:
        """httptools: as in RequestFraming."""
        if self._passing:
            self._framing.on_url(part)

    def on_header(self, name: bytes, value: bytes) -> None:
        """httptools: as in RequestFraming."""
        if self._passing:
            self._framing.on_header(name, value)

    def on_headers_complete(self) -> None:
        """httptools: as in RequestFraming."""
        if self._passing:
            self._framing.on_headers_complete()

    def on_message_complete(self) -> None:
        """httptools: as in RequestFraming; from here on there is nothing to leave out."""
        self._passing = True
        self._framing.on_message_complete()


def _path_of(target: bytes) -> bytes:
    """The path of a request target in origin form or absolute form (RFC 9112 §3.2), without its query."""
    try:
        return httptools.parse_url(target).path or b"/"
    except httptools.HttpParserInvalidURLError:
        return b""
