"""The one file in a multipart body, streamed as it arrives (RFC 7578).

Knows parts. Refuses to keep them: nothing is buffered beyond one piece of the network, in memory or on disk.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from email.message import Message
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from commcredits.edges.http.administration.refusing import fault, wrong_field
from commcredits.edges.http.problems import HttpFault

FILE_PART: Final = "file"

_PART_HEADERS_MAX: Final = 8
_PART_HEADER_BYTES_MAX: Final = 4_096


async def file_part(chunks: AsyncIterator[bytes], boundary: str) -> AsyncGenerator[bytes, None]:
    """The content of the part named ``file``, which must be the only one. Raises ProblemError for anything else."""
    collector = _Collector()
    try:
        parser = MultipartParser(
            boundary.encode("latin-1"),
            {
                "on_part_begin": collector.part_began,
                "on_header_field": collector.header_name_came,
                "on_header_value": collector.header_value_came,
                "on_header_end": collector.header_ended,
                "on_headers_finished": collector.headers_ended,
                "on_part_data": collector.data_came,
                "on_end": collector.body_ended,
            },
            max_header_count=_PART_HEADERS_MAX,
            max_header_size=_PART_HEADER_BYTES_MAX,
        )
        async for chunk in chunks:
            parser.write(chunk)
            for piece in collector.pieces:
                yield piece
            collector.pieces.clear()
    except (FormParserError, UnicodeEncodeError) as error:
        raise fault(HttpFault.MALFORMED_REQUEST, f"The multipart body cannot be read: {str(error)[:200]}") from None
    if not collector.names:
        raise wrong_field(FILE_PART, "", "a part with the rate deck", f"the part named {FILE_PART} is required")
    if not collector.complete:
        raise fault(HttpFault.MALFORMED_REQUEST, "The multipart body ends before its last boundary.")


class _Collector:
    """What the parser reports, until somebody takes it."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.pieces: list[bytes] = []
        self.complete = False
        self._header = b""
        self._value = b""
        self._disposition = ""

    def part_began(self) -> None:
        self._disposition = ""

    def header_name_came(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value_came(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_ended(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value.decode("utf-8", "replace")
        self._header = self._value = b""

    def headers_ended(self) -> None:
        header = Message()
        header["content-disposition"] = self._disposition
        name = header.get_param("name", "", header="content-disposition")
        self.names.append(name if isinstance(name, str) else "")
        if self.names != [FILE_PART]:
            raise wrong_field(self.names[-1] or "part", self.names[-1], f"one part, named {FILE_PART}")

    def data_came(self, data: bytes, start: int, end: int) -> None:
        self.pieces.append(data[start:end])

    def body_ended(self) -> None:
        self.complete = True
