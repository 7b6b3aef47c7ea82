"""What calls were charged beside what they would cost under a deck: added up in columns, many calls at a time.

Knows calls as the database copies them out, and which of them a deck prices at all. Refuses to know the database, and
what the sums are for. Sums are wider than 64 bits: so many calls of so dear a deck may come together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from commcredits.columnar.engine import DeckRater
from commcredits.core.commands import Service
from commcredits.core.numbers import classify

if TYPE_CHECKING:
    import pyarrow as pa

COPIED: Final[Mapping[str, str]] = {
    "session_id": "string",
    "service": "string",
    "caller": "string",
    "callee": "string",
    "destination": "string",
    "of_no_deck": "int64",
    "began_us": "int64",
    "state": "string",
    "live": "int64",
    "used_seconds": "int64",
    "included_seconds": "int64",
    "charged_micros": "int64",
    "user_id": "string",
}
"""The columns of a copy, in order; empty text stands for what is not there."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REFUSED: Final = "refused"
_DIGITS: Final = 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Calls, their seconds, what they were charged and would cost, in millionths."""

    calls: int
    seconds: int
    charged_micros: int
    would_cost_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCall:
    """One call that would cost another amount."""

    session_id: str
    service: str
    callee: str
    destination: str
    began_at: datetime
    seconds: int
    charged_micros: int
    would_cost_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A copy's calls, added up. ``unpriced`` cost the same under any deck, ``free_calls`` have no rate in this one.

    ``dearest`` are those that differ most, the first of equal ones first.
    """

    calls: int
    unpriced: int
    free_calls: int
    free_charged_micros: int
    destinations: Mapping[str, Sums]
    services: Mapping[str, Sums]
    users: Mapping[str, Sums]
    dearest: Sequence[ComparedCall]


class Comparer:
    """Compares copies of calls with one deck; ``services_with_origin`` are as in the deck."""

    def __init__(self, rater: DeckRater, services_with_origin: frozenset[Service], *, dearest_max: int) -> None:
        import pyarrow as pa

        self._rater = rater
        self._with_origin = sorted(service.value for service in services_with_origin)
        self._dearest_max = dearest_max
        self._destinations = pa.array([rate.destination for rate in rater.rates], pa.string())

    def compare(self, copied: pa.Table) -> Comparison:
        """The sums of a copy. Raises RecordsError for calls that cannot be rated in columns."""
        import pyarrow as pa
        import pyarrow.compute as pc

        calls = copied.filter(_is_priced(copied))
        rated = self._rater.rate(self._records(calls))
        would_cost = pc.fill_null(rated["price_micros"], 0)
        destination = pc.coalesce(pc.take(self._destinations, rated["rate"]), calls["destination"])
        free = rated["free_call"]
        compared = pa.table(
            {
                "destination": destination,
                "service": calls["service"],
                "user": calls["user_id"],
                "seconds": calls["used_seconds"],
                "charged": _wide(calls["charged_micros"]),
                "would_cost": _wide(would_cost),
            }
        )
        return Comparison(
            calls=copied.num_rows,
            unpriced=copied.num_rows - calls.num_rows,
            free_calls=pc.sum(free).as_py() or 0,
            free_charged_micros=int(pc.sum(compared["charged"].filter(free)).as_py() or 0),
            destinations=_grouped(compared, "destination"),
            services=_grouped(compared, "service"),
            users=_grouped(compared, "user"),
            dearest=self._dearest(calls, destination, would_cost),
        )

    def _records(self, calls: pa.Table) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        origin = pa.repeat("", calls.num_rows)
        if self._with_origin:
            asked = pc.is_in(calls["service"], value_set=pa.array(self._with_origin, pa.string()))
            origin = pc.if_else(asked, _countries(calls["caller"]), "")
        return pa.table(
            {
                "call_id": calls["session_id"],
                "service": calls["service"],
                "number": calls["callee"],
                "started_at": calls["began_us"].cast(pa.timestamp("us", "UTC")),
                "duration_seconds": calls["used_seconds"],
                "origin_country": origin,
                "included_seconds": calls["included_seconds"],
            }
        )

    def _dearest(self, calls: pa.Table, destination: Any, would_cost: Any) -> list[ComparedCall]:
        import pyarrow.compute as pc

        difference = pc.subtract(would_cost, calls["charged_micros"])
        wide = (
            calls.append_column("would_be_called", destination)
            .append_column("would_cost", would_cost)
            .append_column("size", pc.abs(difference))
        )
        wide = wide.filter(pc.greater(wide["size"], 0))
        order = [("size", "descending"), ("began_us", "ascending"), ("session_id", "ascending")]
        most = min(self._dearest_max, wide.num_rows)
        return [
            ComparedCall(
                session_id=row["session_id"],
                service=row["service"],
                callee=row["callee"],
                destination=row["would_be_called"],
                began_at=_EPOCH + timedelta(microseconds=row["began_us"]),
                seconds=row["used_seconds"],
                charged_micros=row["charged_micros"],
                would_cost_micros=row["would_cost"],
            )
            for row in wide.take(pc.select_k_unstable(wide, most, order)).to_pylist()
        ]


def read_copied(content: bytes) -> pa.Table:
    """The calls in a copy: CSV without a header, in the columns of ``COPIED``."""
    import pyarrow as pa
    from pyarrow import csv

    types = {name: {"string": pa.string(), "int64": pa.int64()}[kind] for name, kind in COPIED.items()}
    if not content:
        return pa.schema(list(types.items())).empty_table()
    return csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(column_names=list(types)),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=types),
    )


def split_by_charge(copied: pa.Table) -> tuple[pa.Table, pa.Table]:
    """The calls of a copy that are over, refused ones not: those that were charged something, and the others."""
    import pyarrow.compute as pc

    over = copied.filter(pc.and_(pc.equal(copied["live"], 0), pc.not_equal(copied["state"], _REFUSED)))
    charged = pc.greater(over["charged_micros"], 0)
    return over.filter(charged), over.filter(pc.invert(charged))


def last_of(copied: pa.Table) -> tuple[datetime, str]:
    """When the last call of a copy began, and its id: after which the next copy begins."""
    last = copied.slice(copied.num_rows - 1).to_pylist()[0]
    return _EPOCH + timedelta(microseconds=last["began_us"]), last["session_id"]


def _is_priced(copied: pa.Table) -> Any:
    """Which calls a deck can give another price: those that are over, and that money pays something of."""
    import pyarrow.compute as pc

    conditions = (
        pc.equal(copied["live"], 0),
        pc.not_equal(copied["state"], _REFUSED),
        pc.not_equal(copied["service"], Service.EMERGENCY.value),
        pc.equal(copied["of_no_deck"], 0),
        pc.greater(copied["used_seconds"], copied["included_seconds"]),
    )
    mask = conditions[0]
    for condition in conditions[1:]:
        mask = pc.and_(mask, condition)
    return mask


def _countries(callers: Any) -> Any:
    """The country of each number; each is looked up once, however often it called."""
    import pyarrow as pa

    encoded = callers.combine_chunks().dictionary_encode()
    countries = pa.array([classify(number).country for number in encoded.dictionary.to_pylist()], pa.string())
    return countries.take(encoded.indices)


def _grouped(compared: pa.Table, key: str) -> dict[str, Sums]:
    grouped = compared.group_by(key).aggregate(
        [("seconds", "count"), ("seconds", "sum"), ("charged", "sum"), ("would_cost", "sum")]
    )
    return {
        row[key]: Sums(
            calls=row["seconds_count"],
            seconds=row["seconds_sum"],
            charged_micros=int(row["charged_sum"]),
            would_cost_micros=int(row["would_cost_sum"]),
        )
        for row in grouped.to_pylist()
    }


def _wide(micros: Any) -> Any:
    import pyarrow as pa

    return micros.cast(pa.decimal128(_DIGITS))
