"""When bands are in force, as a table of stretches of absolute time.

The core's own clockwork unrolls each schedule over the days that records touch, so that time zones, holidays and the
nights in which clocks change mean here what they mean there. Refuses to know prices and calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from commcredits.columnar.records import SECONDS_PER_DAY
from commcredits.core.bands import band_stretches
from commcredits.core.tariffs import PriceShape

if TYPE_CHECKING:
    import pyarrow as pa

BAND_COLUMNS: Final = ("schedule", "day", "begins_second", "ends_second", "part")
"""All whole numbers; see ``band_table``."""

_NO_BAND: Final = 0


def band_table(schedules: Sequence[PriceShape], days: Iterable[int]) -> pa.Table:
    """One row per stretch of a day in UTC in which a band of a schedule is in force.

    ``days`` are the seconds since 1970 at which days begin, and so is ``day`` in the table. ``part`` is the number of
    the band in force, from 1; while none is, there is no row.
    """
    import pyarrow as pa

    runs = list(_runs(days))
    rows = [
        (number, *stretch)
        for number, schedule in enumerate(schedules)
        for begins, ends in runs
        for stretch in _stretches(schedule, begins, ends)
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(BAND_COLUMNS)
    return pa.table({name: pa.array(column, pa.int64()) for name, column in zip(BAND_COLUMNS, columns, strict=True)})


def _runs(days: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Days that follow one another, as one stretch each."""
    begins = ends = None
    for day in sorted(set(days)):
        if begins is None or ends is None or day != ends:
            if begins is not None and ends is not None:
                yield begins, ends
            begins = day
        ends = day + SECONDS_PER_DAY
    if begins is not None and ends is not None:
        yield begins, ends


def _stretches(schedule: PriceShape, begins: int, ends: int) -> Iterator[tuple[int, int, int, int]]:
    """Stretches of one band, cut where days in UTC begin: day, beginning, end, number of the band."""
    for stretch in band_stretches(schedule, _NO_BAND, datetime.fromtimestamp(begins, UTC), ends - begins):
        part = stretch.price_per_minute_micros
        if part == _NO_BAND:
            continue
        second, last = begins + stretch.begins_second, begins + stretch.ends_second
        while second < last:
            day = second - second % SECONDS_PER_DAY
            until = min(last, day + SECONDS_PER_DAY)
            yield day, second, until, part
            second = until
