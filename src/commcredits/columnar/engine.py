"""Rating in columns on this machine: tables or files of call records in, prices out, by DuckDB inside this process.

Knows the engine's settings and how much it is given at once. Refuses to know what the expression says: the same one
runs on other engines (docs/columnar.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from commcredits.core.tariffs import Rate, RateDeck

if TYPE_CHECKING:
    import pyarrow as pa

CHUNK_RECORDS: Final = 500_000
"""Records that are rated at once: bounds the memory that a file takes, and is how often progress is told."""

_ENGINE_SETTINGS: Final = {
    # Nothing of what is asked of the engine lies outside of this process.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "enable_external_access": False,
    "python_enable_replacements": False,
}


class ColumnarMissingError(RuntimeError):
    """The libraries of the extra ``columnar`` are not installed."""


class DeckRater:
    """A deck, ready to rate any number of tables. Made by ``open_rater``."""

    def __init__(self, connection: Any, statement: str, tables: Any) -> None:
        self._connection = connection
        self._statement = statement
        self._tables = tables
        self._days: set[int] = set()

    @property
    def rates(self) -> tuple[Rate, ...]:
        """The deck's rates; the column ``rate`` counts them from 0."""
        rates: tuple[Rate, ...] = self._tables.rates
        return rates

    def rate(self, records: pa.Table) -> pa.Table:
        """One row per record, in the records' order; see ``rate_records``."""
        import pyarrow as pa

        from commcredits.columnar.records import days_of, engine_columns

        columns = engine_columns(records)
        if self._tables.layout.banded:
            self._unroll(days_of(columns))
        self._connection.register("call_records", columns)
        try:
            rated = self._connection.sql(self._statement).to_arrow_table()
        finally:
            self._connection.unregister("call_records")
        rated = rated.sort_by("position").drop_columns(["position"])
        return rated.append_column("currency", pa.repeat(self._tables.currency, rated.num_rows))

    def _unroll(self, days: set[int]) -> None:
        if days <= self._days:
            return
        from commcredits.columnar.band_tables import band_table

        self._days |= days
        self._connection.register("bands", band_table(self._tables.schedules, self._days))


@contextmanager
def open_rater(
    deck: RateDeck | Iterable[Rate], *, currency: str = "", threads: int | None = None
) -> Iterator[DeckRater]:
    """A deck made ready once. ``currency`` is that of rates that come without a deck; ``threads`` None: every core.

    Raises ColumnarMissingError without the libraries, DeckError for a deck that cannot be rated in columns.
    """
    connection, written = _engine(threads)
    from commcredits.columnar.deck_tables import as_deck, deck_tables
    from commcredits.columnar.pricing import rating

    with connection:
        tables = deck_tables(as_deck(deck, currency))
        connection.register("rates", tables.table)
        yield DeckRater(connection, written(rating(tables.layout)), tables)


def rate_records(
    records: pa.Table, deck: RateDeck | Iterable[Rate], *, currency: str = "", threads: int | None = None
) -> pa.Table:
    """The records' prices under a deck: one row per record, in the records' order.

    ``records`` has the columns of ``records.public_schema()``; ``records.call_records`` makes such a table. The answer
    has ``call_id``, ``rate`` (which of the deck's rates, counted from 0), ``rate_prefix``, ``price_micros`` (fee
    included), ``connection_fee_micros``, ``billed_seconds``, ``free_call`` and ``currency``. Where no rate matches,
    ``free_call`` is true and the others are null. Prices are those of the core's ``find_rate`` and ``price_micros``, to
    the millionth. Raises RecordsError, DeckError and ColumnarMissingError.
    """
    with open_rater(deck, currency=currency, threads=threads) as rater:
        return rater.rate(records)


def rate_chunks(
    chunks: Iterable[pa.Table],
    deck: RateDeck | Iterable[Rate],
    *,
    currency: str = "",
    threads: int | None = None,
    rated: Callable[[int], None] | None = None,
) -> Iterator[pa.Table]:
    """The prices of many tables, one after another, so that memory holds one at a time; see ``rate_records``.

    After each, ``rated`` is told how many records are done so far.
    """
    done = 0
    with open_rater(deck, currency=currency, threads=threads) as rater:
        for records in chunks:
            yield rater.rate(records)
            done += records.num_rows
            if rated is not None:
                rated(done)


def record_chunks(path: Path, *, chunk_records: int = CHUNK_RECORDS) -> Iterator[pa.Table]:
    """The records of a file, so many at a time: Parquet where its name ends in .parquet, else CSV with a header.

    Its columns are those of ``records.public_schema()``; in CSV, instants are written as RFC 3339. Raises RecordsError
    for a file that cannot be read.
    """
    import pyarrow as pa

    from commcredits.columnar.records import RecordsError

    batches = _parquet_batches(path, chunk_records) if path.suffix == ".parquet" else _csv_batches(path)
    waiting: list[pa.RecordBatch] = []
    try:
        for batch in batches:
            waiting.append(batch)
            if sum(each.num_rows for each in waiting) >= chunk_records:
                yield pa.Table.from_batches(waiting)
                waiting = []
    except pa.ArrowException as error:
        raise RecordsError(f"{path.name} cannot be read: {error}") from None
    if waiting:
        yield pa.Table.from_batches(waiting)


def _parquet_batches(path: Path, chunk_records: int) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(chunk_records)


def _csv_batches(path: Path) -> Iterator[pa.RecordBatch]:
    from pyarrow import csv

    from commcredits.columnar.records import public_schema

    types = {field.name: field.type for field in public_schema()}
    with csv.open_csv(path, convert_options=csv.ConvertOptions(column_types=types)) as batches:
        yield from batches


def _engine(threads: int | None) -> tuple[Any, Callable[[Any], str]]:
    """A connection to an engine of its own, and the function that writes an expression in its language."""
    try:
        import duckdb
        import ibis
    except ImportError as error:
        raise ColumnarMissingError(f"rating in columns needs the extra 'columnar': {error}") from None
    settings: dict[str, Any] = _ENGINE_SETTINGS if threads is None else _ENGINE_SETTINGS | {"threads": threads}
    return duckdb.connect(config=settings), lambda expression: str(ibis.to_sql(expression, dialect="duckdb"))
