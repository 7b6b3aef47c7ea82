"""The one file of a ZIP that is wanted, piece by piece.

Knows what archives can be made of to do harm: a bomb, an encrypted file, files that lie on one another. Refuses to
write anything of an archive anywhere, and to know what stands in it. An archive's table of contents is at its end, so
the archive itself is kept aside until it is read; what it unpacks to never is.
"""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from typing import IO, Final

from commcredits.core.outcomes import Refused
from commcredits.operations.csv_lines import PIECE_BYTES, Source, pieces_of
from commcredits.operations.inputs import invalid_input

MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""What a ZIP begins with, the second when it is empty; no text does."""

ZIP_BYTES_MAX: Final = 512 * 1024 * 1024
"""Largest archive."""

UNPACKED_BYTES_MAX: Final = 8 * 1024 * 1024 * 1024
"""Most that its file may unpack to."""

RATIO_MAX: Final = 200
"""Most bytes that one byte of an archive may unpack to; call records come to a tenth of it."""

UNSUSPECTED_BYTES: Final = 16 * 1024 * 1024
"""What any archive may unpack to, whatever its ratio."""

MEMBERS_MAX: Final = 1_000
_MEMORY_BYTES_MAX: Final = 8 * 1024 * 1024
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED: Final = 0x1
_UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class UnreadableFileError(Exception):
    """What was being read cannot be read on; ``refused`` says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code)
        self.refused = refused


@asynccontextmanager
async def unpacked(source: Source, member: str) -> AsyncIterator[AsyncIterator[bytes]]:
    """The bytes of a file, or of the file in it whose name fits the pattern ``member`` when it is a ZIP.

    Whoever reads them gets UnreadableFileError for an archive that is too large, damaged, or made to do harm, and for
    one that does not hold exactly one such file.
    """
    pieces = pieces_of(source)
    first = b""
    async for piece in pieces:
        first += piece
        if len(first) >= len(MAGICS[0]):
            break
    if not first.startswith(MAGICS):
        yield _all_of(first, pieces)
        return
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES_MAX) as kept:
        await _keep(kept, _all_of(first, pieces))
        yield _member_of(kept, member)


async def _all_of(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in rest:
        yield piece


async def _keep(kept: tempfile.SpooledTemporaryFile[bytes], pieces: AsyncIterator[bytes]) -> None:
    size = 0
    async for piece in pieces:
        size += len(piece)
        if size > ZIP_BYTES_MAX:
            raise _unreadable(f"{size} bytes", f"a ZIP of at most {ZIP_BYTES_MAX} bytes")
        await asyncio.to_thread(kept.write, piece)


async def _member_of(kept: tempfile.SpooledTemporaryFile[bytes], pattern: str) -> AsyncIterator[bytes]:
    try:
        archive = await asyncio.to_thread(zipfile.ZipFile, kept)
        info = _wanted(archive, pattern)
        with await asyncio.to_thread(archive.open, info) as file:
            async for piece in _pieces(file, info.compress_size):
                yield piece
    except _UNREADABLE as error:
        raise _unreadable(str(error) or type(error).__name__, "a ZIP that is whole and not encrypted") from None


def _wanted(archive: zipfile.ZipFile, pattern: str) -> zipfile.ZipInfo:
    members = archive.infolist()
    if len(members) > MEMBERS_MAX:
        raise _unreadable(f"{len(members)} files", f"a ZIP of at most {MEMBERS_MAX} files")
    found = [
        info
        for info in members
        if not info.is_dir() and fnmatchcase(info.filename.rpartition("/")[2].lower(), pattern.lower())
    ]
    if len(found) != 1:
        names = ", ".join(info.filename for info in found) or f"none of {len(members)} files"
        raise _unreadable(names, f"a ZIP with one file named {pattern}")
    (info,) = found
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise _unreadable(info.filename, "a file that is not encrypted, and stored or deflated")
    return info


async def _pieces(file: IO[bytes], packed_bytes: int) -> AsyncIterator[bytes]:
    """The unpacked bytes, as long as they are not more than an honest file of that size would come to."""
    most = min(UNPACKED_BYTES_MAX, UNSUSPECTED_BYTES + packed_bytes * RATIO_MAX)
    size = 0
    while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
        size += len(piece)
        if size > most:
            allowed = f"a file that unpacks to at most {UNPACKED_BYTES_MAX} bytes, and {RATIO_MAX} for each packed one"
            raise _unreadable(f"{size} bytes", allowed)
        yield piece


def _unreadable(value: str, allowed: str) -> UnreadableFileError:
    return UnreadableFileError(invalid_input("file", value, allowed))
