"""A telephone made by hand, one message at a time, for what no well-behaved telephone does.

Knows the text of SIP messages (RFC 3261). Refuses to know what they should bring about.
"""

import itertools
import re
import socket
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from tests.stories.sip.ports import LOOPBACK

PATIENCE_SECONDS: Final = 30.0
"""How long is waited for what must come."""
BRANCHES: Final = itertools.count(1)
ANSWER_HEADERS: Final = ("via", "record-route", "from", "call-id", "cseq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message that came in."""

    start_line: str
    lines: tuple[str, ...]
    sender: tuple[str, int]

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        pairs = (line.partition(":") for line in self.lines)
        return [value.strip() for found, _, value in pairs if found.lower() == name.lower()]

    def value(self, name: str) -> str:
        """The first value of a header."""
        return self.all(name)[0]

    @property
    def status_code(self) -> int:
        """Of a reply; 0 of a request."""
        match = re.match(r"SIP/2\.0 (\d+)", self.start_line)
        return int(match[1]) if match else 0


@dataclass(slots=True)
class Handset:
    """One UDP socket on loopback; a context manager."""

    proxy_port: int = 0
    port: int = 0
    tag: str = "handset"
    _socket: socket.socket = field(default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))

    def __enter__(self) -> Self:
        self._socket.bind((LOOPBACK, self.port))
        self.port = int(self._socket.getsockname()[1])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def request(  # noqa: PLR0913 - these are the parts of a SIP request that the tests vary
        self, method: str, caller: str, callee: str, call_id: str, *, more: tuple[str, ...] = (), to_tag: str = "",
        cseq: int = 1, branch: str = "", uri: str = "",
    ) -> str:  # fmt: skip
        """Send a request to the proxy. Returns its branch."""
        branch = branch or f"z9hG4bK-{self.port}-{next(BRANCHES)}"
        lines = [
            f"{method} {uri or f'sip:{callee}@{LOOPBACK}:{self.proxy_port}'} SIP/2.0",
            f"Via: SIP/2.0/UDP {LOOPBACK}:{self.port};branch={branch}",
            f"From: <sip:{caller}@{LOOPBACK}>;tag={self.tag}",
            f"To: <sip:{callee}@{LOOPBACK}>" + (f";tag={to_tag}" if to_tag else ""),
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{caller}@{LOOPBACK}:{self.port}>",
            "Max-Forwards: 70",
            *more,
            "Content-Length: 0",
        ]
        self._send(lines, (LOOPBACK, self.proxy_port))
        return branch

    def answer(self, request: Heard, status: str) -> None:
        """Send a reply to a request that was heard."""
        kept = [line for line in request.lines if line.partition(":")[0].lower() in ANSWER_HEADERS]
        to = request.value("To")
        tagged = to if ";tag=" in to else f"{to};tag={self.tag}"
        contact = f"Contact: <sip:{LOOPBACK}:{self.port}>"
        self._send([f"SIP/2.0 {status}", *kept, f"To: {tagged}", contact, "Content-Length: 0"], request.sender)

    def acknowledge(self, caller: str, callee: str, answer: Heard) -> None:
        """Send the ACK of a 200 OK."""
        self.within("ACK", caller, callee, answer, int(answer.value("CSeq").split()[0]))

    def within(self, method: str, caller: str, callee: str, answer: Heard, cseq: int) -> None:
        """Send a request in the dialog that the 200 OK made."""
        tag = answer.value("To").partition(";tag=")[2]
        routes = tuple(f"Route: {route}" for route in reversed(answer.all("Record-Route")))
        uri = answer.value("Contact").strip("<>")
        self.request(method, caller, callee, answer.value("Call-ID"), more=routes, to_tag=tag, cseq=cseq, uri=uri)

    def hear(self, start: str, seconds_max: float = PATIENCE_SECONDS) -> Heard | None:
        """The next message whose start line begins so; None when it does not come in time."""
        deadline = time.monotonic() + seconds_max
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                payload, sender = self._socket.recvfrom(65535)
            except TimeoutError:
                return None
            start_line, *lines = payload.decode().partition("\r\n\r\n")[0].split("\r\n")
            if start_line.startswith(start):
                return Heard(start_line=start_line, lines=tuple(lines), sender=(str(sender[0]), int(sender[1])))
        return None

    def final_answer(self, cseq: str, seconds_max: float = PATIENCE_SECONDS) -> Heard | None:
        """The final reply to the request with this CSeq."""
        deadline = time.monotonic() + seconds_max
        while (left := deadline - time.monotonic()) > 0:
            heard = self.hear("SIP/2.0", left)
            if heard is not None and heard.status_code >= 200 and heard.value("CSeq") == cseq:
                return heard
        return None

    def _send(self, lines: list[str], address: tuple[str, int]) -> None:
        self._socket.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), address)
