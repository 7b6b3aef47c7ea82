"""Files that commands read: by name or from a pipe, piece by piece, with a word on how far they are; wrong lines.

Knows bytes. Refuses to know what they mean.
"""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import typer

from commcredits.edges.cli.parts import CannotRunError
from commcredits.edges.cli.refusing import ExitStatus, sentence_of
from commcredits.edges.cli.writing import complain

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.operations.csv_lines import LineError

STANDARD_INPUT: Final = "-"
PIECE_BYTES: Final = 64 * 1024


def opened_file(file: str) -> IO[bytes]:
    """The file of this name, or what is piped in. Raises CannotRunError when there is nothing to read."""
    if file != STANDARD_INPUT:
        try:
            return Path(file).open("rb")
        except OSError as error:
            raise CannotRunError(f"FILE: {file!r} cannot be read: {error.strerror or error}") from None
    if sys.stdin.isatty():
        raise CannotRunError("FILE: standard input is a terminal; name a file, or pipe one in")
    return sys.stdin.buffer


def size_of(source: IO[bytes]) -> int | None:
    """Bytes of a plain file; None where nobody knows, as of a pipe."""
    status = os.fstat(source.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


async def pieces_of(source: IO[bytes], tell: Callable[[int], None]) -> AsyncIterator[bytes]:
    """The pieces of a file, and how much was read after each. A pipe that says nothing can be waited for, and left."""
    count = 0
    async for piece in _plain(source) if size_of(source) is not None else _pipe(source):
        count += len(piece)
        tell(count)
        yield piece


def wrong_lines(errors: Iterable[LineError], error_count: int) -> typer.Exit:
    """The end of a command whose file is wrong: complains of each line, and says that nothing came of the file."""
    for error in errors:
        complain(sentence_of(error.refused()))
    complain(f"nothing was imported; wrong in the file: {error_count}")
    return typer.Exit(ExitStatus.WRONG_INPUT)


async def _plain(source: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := source.read(PIECE_BYTES):
        yield piece


async def _pipe(source: IO[bytes]) -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), source
    )
    try:
        while piece := await reader.read(PIECE_BYTES):
            yield piece
    finally:
        transport.close()
