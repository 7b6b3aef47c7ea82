"""Call records as columns: what of a call decides its price.

Knows the form in which files and programs bring records, and the form in which every engine reads them: whole numbers
and text, so that no engine's idea of time zones or fractions can come between. Refuses to know rates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from commcredits.core.commands import Service
from commcredits.core.rating import CALL_SECONDS_MAX

if TYPE_CHECKING:
    import pyarrow as pa

REQUIRED: Final = ("call_id", "service", "number", "started_at", "duration_seconds")
OPTIONAL: Final = ("origin_country", "included_seconds")
SECONDS_PER_DAY: Final = 86_400
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""From here on instants count upwards, and every engine means the same by a remainder."""

_MICROSECOND: Final = timedelta(microseconds=1)


class RecordsError(ValueError):
    """The records cannot be rated; the message names the column and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call as a program brings it.

    ``number`` is the one that the rate goes by, in E.164 form with or without its plus. ``started_at`` is aware: the
    rate in force then prices the call. The first ``included_seconds`` of ``duration_seconds`` were minutes of a pool;
    what comes after them is priced, from the instant at which they ended.
    """

    call_id: str
    service: Service
    number: str
    started_at: datetime
    duration_seconds: int
    origin_country: str = ""
    included_seconds: int = 0


def call_records(records: Iterable[CallRecord]) -> pa.Table:
    """The records as a table in the public form: one column per field."""
    import pyarrow as pa

    rows = list(records)
    schema = public_schema()
    columns = {name: [getattr(row, name) for row in rows] for name in schema.names}
    # Counting microseconds here is many times faster than giving the instants away one by one.
    columns["started_at"] = pa.array([microseconds(row.started_at) for row in rows], pa.int64()).cast(
        schema.field("started_at").type
    )
    return pa.table(columns, schema=schema)


def microseconds(instant: datetime) -> int:
    """Microseconds from the beginning of 1970 in UTC to an aware instant, exactly."""
    return (instant - _EARLIEST) // _MICROSECOND


def public_schema() -> pa.Schema:
    """The columns of the public form, which files have too; those of ``OPTIONAL`` may be missing."""
    import pyarrow as pa

    types = {
        "call_id": pa.string(),
        "service": pa.string(),
        "number": pa.string(),
        "started_at": pa.timestamp("us", "UTC"),
        "duration_seconds": pa.int64(),
        "origin_country": pa.string(),
        "included_seconds": pa.int64(),
    }
    return pa.schema([(name, types[name]) for name in (*REQUIRED, *OPTIONAL)])


def engine_columns(records: pa.Table) -> pa.Table:
    """The records in the form that engines read, in their order, numbered by ``position``.

    ``started_us`` counts microseconds since 1970 in UTC; ``began_second`` is the whole second in which the priced part
    begins, ``priced_seconds`` how long that lasts. Raises RecordsError for a column that is missing, empty in places,
    of another type, or out of bounds.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    public = _public(records)
    started = public["started_at"]
    included = public["included_seconds"]
    # Boundaries of bands lie on whole seconds, so that a call is on the same side of them as the second it began in.
    second = pc.floor_temporal(started, unit="second").cast(pa.timestamp("s", "UTC")).cast(pa.int64())
    return pa.table(
        {
            "position": pa.array(range(public.num_rows), pa.int64()),
            "call_id": public["call_id"],
            "service": public["service"],
            "number": pc.utf8_ltrim(public["number"], "+"),
            "origin_country": public["origin_country"],
            "started_us": started.cast(pa.int64()),
            "began_second": pc.add(second, included),
            "priced_seconds": pc.max_element_wise(pc.subtract(public["duration_seconds"], included), 0),
        }
    )


def days_of(columns: pa.Table) -> set[int]:
    """Every day in UTC on which something of these records can be priced, by the second at which it begins."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if columns.num_rows == 0:
        return set()
    began = columns["began_second"].cast(pa.timestamp("s"))
    days = pc.unique(pc.floor_temporal(began, unit="day").cast(pa.timestamp("s")).cast(pa.int64())).to_pylist()
    longest = pc.max(columns["priced_seconds"]).as_py()
    beyond = range(0, longest + 2 * SECONDS_PER_DAY, SECONDS_PER_DAY)
    return {day + seconds for day in days for seconds in beyond}


def _public(records: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = [name for name in REQUIRED if name not in records.column_names]
    if missing:
        raise RecordsError(f"the column {missing[0]!r} is missing; required are {', '.join(REQUIRED)}")
    columns = {}
    for field in public_schema():
        if field.name not in records.column_names:
            empty = pa.scalar("" if field.type == pa.string() else 0, field.type)
            columns[field.name] = pa.chunked_array([pa.repeat(empty, records.num_rows)])
            continue
        try:
            # Digits beyond the microsecond are dropped, as they are wherever an instant is read.
            column = pc.cast(records[field.name], options=pc.CastOptions(field.type, allow_time_truncate=True))
        except pa.ArrowException as error:
            raise RecordsError(f"the column {field.name!r} is not of type {field.type}: {error}") from None
        if field.name in OPTIONAL:
            column = pc.fill_null(column, "" if field.type == pa.string() else 0)
        elif column.null_count:
            raise RecordsError(f"the column {field.name!r} is empty in {column.null_count} records")
        columns[field.name] = column
    if records.num_rows and pc.min(columns["started_at"]).as_py() < _EARLIEST:
        raise RecordsError(f"'started_at' lies before {_EARLIEST.date()}")
    for name in ("duration_seconds", "included_seconds"):
        lowest, highest = pc.min_max(columns[name]).as_py().values()
        if lowest is not None and (lowest < 0 or highest > CALL_SECONDS_MAX):
            raise RecordsError(f"{name!r} is {lowest if lowest < 0 else highest}; allowed are 0 to {CALL_SECONDS_MAX}")
    return pa.table(columns)
