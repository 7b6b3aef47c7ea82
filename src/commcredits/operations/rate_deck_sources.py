"""Where the rates of a deck come from: a CSV file or a JSON array, read to the end before anything is kept.

Knows how bytes arrive and when others get their turn. Refuses to know what a rate must be like
(commcredits.operations.rate_rows) and where the rates go.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol

from commcredits.core.outcomes import Refused
from commcredits.core.tariffs import DeckTerms, Rate
from commcredits.operations.inputs import invalid_input
from commcredits.operations.rate_deck_csv import RateDeckReader
from commcredits.operations.rate_deck_json import JsonRates, read_json_rates

DECK_BYTES_MAX: Final = 512 * 1024 * 1024
"""Largest file of a deck; a million rates with long names need a quarter of it."""

PIECE_BYTES: Final = 64 * 1024
"""How much of a file is read before others get their turn."""


class Readable(Protocol):
    """A binary file."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


RateSource = AsyncIterable[bytes] | Iterable[bytes] | Readable | JsonRates
"""A CSV file: a binary file or its bytes in pieces of any size, line ends included; or a decoded JSON array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckRates:
    """Rates that were read to their end and found right, and a digest of what they were read from."""

    rates: Sequence[Rate]
    digest: str


async def read_rates(
    source: RateSource, currency: str, terms: DeckTerms, progress: Callable[[int], None]
) -> DeckRates | Refused:
    """All rates of a source, in the order in which a database takes them fastest; or the first thing that is wrong.

    ``progress`` is told how many were read so far.
    """
    if isinstance(source, JsonRates):
        rates = await asyncio.to_thread(read_json_rates, source, currency, terms)
        if isinstance(rates, Refused):
            return rates
        progress(len(rates))
        return DeckRates(rates=rates, digest=source.digest())
    return await _read_file(source, RateDeckReader(currency, terms), progress)


async def _read_file(
    source: AsyncIterable[bytes] | Iterable[bytes] | Readable,
    reader: RateDeckReader,
    progress: Callable[[int], None],
) -> DeckRates | Refused:
    digested = blake2b(digest_size=16)
    size = told = 0
    async for piece in _pieces(source):
        size += len(piece)
        if size > DECK_BYTES_MAX:
            return invalid_input("lines", f"{size} bytes", f"a file of at most {DECK_BYTES_MAX} bytes")
        digested.update(piece)
        refused = reader.take(piece)
        if refused is not None:
            return refused
        if len(reader.rates) > told:
            told = len(reader.rates)
            progress(told)
        # Reading is work for the processor; whoever else this process serves gets a turn after each piece.
        await asyncio.sleep(0)
    # In a thread, for it is one long piece of work.
    rates = await asyncio.to_thread(reader.finish)
    if isinstance(rates, Refused):
        return rates
    if len(rates) > told:
        progress(len(rates))
    return DeckRates(rates=rates, digest=digested.hexdigest())


async def _pieces(source: AsyncIterable[bytes] | Iterable[bytes] | Readable) -> AsyncIterator[bytes]:
    """The bytes of any source, in pieces that are not too large."""
    if isinstance(source, AsyncIterable):
        async for given in source:
            for start in range(0, len(given), PIECE_BYTES):
                yield given[start : start + PIECE_BYTES]
        return
    if not isinstance(source, Iterable) or hasattr(source, "read"):
        # A file's own lines may be of any length, so it is read by size.
        while piece := source.read(PIECE_BYTES):
            yield piece
        return
    for given in source:
        for start in range(0, len(given), PIECE_BYTES):
            yield given[start : start + PIECE_BYTES]
