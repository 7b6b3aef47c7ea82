"""Status and body → bytes of an HTTP/1.1 response.

Knows status lines and header fields. Refuses to know what an answer says.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

from commcredits.edges.http.problems import HTTP_FAULTS, PROBLEM_MEDIA_TYPE, HttpFault, problem_headers

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_METHOD_NOT_ALLOWED: Final = HTTP_FAULTS[HttpFault.METHOD_NOT_ALLOWED].status


class ResponseHeads:
    """The part of a response that only its status and the second decide, composed once for each."""

    __slots__ = ("_heads", "_now", "_second")

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._second = -1
        self._heads: dict[int, bytes] = {}
        self.renew()

    def renew(self) -> None:
        """Forget the heads of a second that is over (RFC 9110 §6.6.1 asks for the date)."""
        second = int(self._now().timestamp())
        if second != self._second:
            self._second = second
            self._heads = {}

    def compose(self, status: int, body: bytes, connection_field: bytes, *, bodiless: bool) -> bytes:
        """The response; ``bodiless`` leaves out the body and keeps its length, as HEAD wants it."""
        head = self._heads.get(status) or self._head(status)
        sent = b"" if bodiless else body
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (head, connection_field, len(body), sent)

    def _head(self, status: int) -> bytes:
        fields = {
            "Date": format_datetime(self._now(), usegmt=True),
            "Content-Type": "application/json" if status == HTTPStatus.OK else PROBLEM_MEDIA_TYPE,
            **problem_headers(status),
        }
        if status == _METHOD_NOT_ALLOWED:
            fields["Allow"] = "POST"
        lines = [
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
            *(f"{name}: {value}" for name, value in fields.items()),
        ]
        head = self._heads[status] = "".join(f"{line}\r\n" for line in lines).encode("ascii")
        return head
