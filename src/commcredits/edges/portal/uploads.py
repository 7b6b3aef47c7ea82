"""Forms that bring a file, and forms with very many fields.

Knows multipart bodies (RFC 7578) and how much of one is kept. Refuses to know what stands in a file, to keep more than
that, and to write it anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from commcredits.edges.portal.forms import FieldsReader, read_fields

FILE_BYTES_MAX: Final = 4 * 1024 * 1024
"""Largest file that a page takes; larger ones go over the API or the terminal."""

TOO_LARGE: Final = "too_large"
"""The field that tells a page that a file was larger than it may be, instead of the file."""

_PASSED_OVER_BYTES_MAX: Final = 64 * 1024 * 1024
_REST_BYTES_MAX: Final = 64 * 1024
_PARTS_MAX: Final = 16
_PART_HEADERS_MAX: Final = 8
_PART_HEADER_BYTES_MAX: Final = 4_096


def many_fields(*, bytes_max: int, fields_max: int) -> FieldsReader:
    """Reads forms with more fields than most, as many as a page of a list can have."""

    async def read(request: Request) -> Mapping[str, str] | None:
        return await read_fields(request, bytes_max=bytes_max, fields_max=fields_max)

    return read


async def read_upload(request: Request) -> Mapping[str, str] | None:
    """The fields of a multipart form; None when it is none, or cannot be read.

    Every field is text; that of a file holds its bytes as Latin-1, each byte a character, for ``bytes_of``. Where the
    file is too large, the field ``too_large`` stands instead of it. Its rest is passed over, for a browser hears no
    answer before it has sent all; only what no sample of people comes to is cut off.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:  # noqa: PLR2004 - RFC 2046 §5.1.1 has it so
        return None
    parts, size = _Parts(), 0
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_name,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_part_data": parts.data,
                "on_part_end": parts.end,
                "on_end": parts.finish,
            },
            max_header_count=_PART_HEADERS_MAX,
            max_header_size=_PART_HEADER_BYTES_MAX,
        )
        async for chunk in request.stream():
            size += len(chunk)
            if size > _PASSED_OVER_BYTES_MAX:
                break
            if size <= FILE_BYTES_MAX + _REST_BYTES_MAX:
                parser.write(chunk)
            if len(parts.fields) > _PARTS_MAX:
                return None
    except (FormParserError, UnicodeDecodeError):
        return None
    if size > FILE_BYTES_MAX + _REST_BYTES_MAX:
        return {**parts.fields, TOO_LARGE: "yes"}
    return parts.fields if parts.is_whole else None


def bytes_of(field: str) -> bytes:
    """The bytes of a file that ``read_upload`` read. Raises UnicodeEncodeError for other text."""
    return field.encode("latin-1")


class _Parts:
    """What the parser reports, as fields."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.is_whole = False
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._content = bytearray()

    def begin(self) -> None:
        self._disposition = self._header = self._value = b""
        self._content = bytearray()

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]

    def end(self) -> None:
        _kind, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8")
        is_file = b"filename" in options
        self.fields[name] = self._content.decode("latin-1" if is_file else "utf-8")

    def finish(self) -> None:
        self.is_whole = True
