"""What may be rated in columns, in which forms it comes, and what is refused with which words."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from msgspec.structs import replace

from commcredits.columnar.deck_tables import DeckError
from commcredits.columnar.engine import open_rater, rate_chunks, rate_records, record_chunks
from commcredits.columnar.records import RecordsError, call_records
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.core.tariffs import Rate, RateDeck
from tests.columnar.random_decks import random_deck, random_records
from tests.core.books import rate

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DECK = [rate()]


@pytest.fixture(scope="module")
def deck() -> RateDeck:
    return random_deck(Random(7), prefixes=300)


@pytest.fixture(scope="module")
def records(deck: RateDeck) -> pa.Table:
    return call_records(random_records(Random(8), deck, count=2_500))


def one(**columns: object) -> pa.Table:
    """A table of one call of a minute, with these columns in place of its own; None leaves one out."""
    row = {
        "call_id": "call",
        "service": "outbound",
        "number": "442079460000",
        "started_at": NOON,
        "duration_seconds": 60,
    } | columns
    return pa.table({name: [value] for name, value in row.items() if value is not None})


def test_a_deck_is_made_ready_once_and_names_the_rate_of_each_call() -> None:
    rates = [rate(prefix="44"), rate(prefix="40", per_minute="0.01")]
    with open_rater(rates, currency="EUR") as rater:
        (row,) = rater.rate(one(number="40722000001")).to_pylist()
        assert rater.rates[row["rate"]].prefix == row["rate_prefix"] == "40"
        assert rater.rate(one()).to_pylist() == [
            {
                "call_id": "call",
                "rate": 0,
                "rate_prefix": "44",
                "price_micros": 600_000,
                "connection_fee_micros": 0,
                "billed_seconds": 60,
                "free_call": False,
                "currency": "EUR",
            }
        ]


def test_chunks_come_to_what_the_whole_comes_to_and_tell_how_far_they_are(deck: RateDeck, records: pa.Table) -> None:
    told: list[int] = []
    chunks = [records.slice(0, 1_000), records.slice(1_000, 1_000), records.slice(2_000)]
    rated = pa.concat_tables(rate_chunks(chunks, deck, threads=2, rated=told.append))
    assert rated.equals(rate_records(records, deck, threads=1))
    assert told == [1_000, 2_000, 2_500]


def test_a_file_is_rated_as_its_table_is(deck: RateDeck, records: pa.Table, tmp_path: Path) -> None:
    pyarrow.parquet.write_table(records, tmp_path / "calls.parquet", row_group_size=700)
    pyarrow.csv.write_csv(records, tmp_path / "calls.csv")
    whole = rate_records(records, deck)
    for name in ("calls.parquet", "calls.csv"):
        chunks = list(record_chunks(tmp_path / name, chunk_records=1_000))
        assert pa.concat_tables(rate_chunks(chunks, deck)).equals(whole)
    assert [chunk.num_rows for chunk in record_chunks(tmp_path / "calls.parquet", chunk_records=1_000)] == [
        1_000,
        1_000,
        500,
    ]


def test_a_file_as_people_write_it_is_read(tmp_path: Path) -> None:
    written = tmp_path / "calls.csv"
    written.write_text(
        "call_id,service,number,started_at,duration_seconds,remark\n"
        "a,outbound,+442079460000,2026-11-22T12:00:00Z,60,\n"
        "b,outbound,0044,2026-11-22T14:00:00.250+02:00,60,zeros in front are digits\n",
        "utf-8",
    )
    (chunk,) = record_chunks(written)
    assert rate_records(chunk, [rate(prefix="44"), rate(prefix="0044", per_minute="0.01")])[
        "price_micros"
    ].to_pylist() == [600_000, 10_000]


@pytest.mark.parametrize("line", ["a,outbound,44,yesterday,60", "a,outbound,44,2026-11-22T12:00:00Z,long", "a,b"])
def test_a_file_that_cannot_be_read_is_refused_by_its_name(tmp_path: Path, line: str) -> None:
    written = tmp_path / "calls.csv"
    written.write_text(f"call_id,service,number,started_at,duration_seconds\n{line}\n", "utf-8")
    with pytest.raises(RecordsError, match=r"^calls\.csv cannot be read"):
        list(record_chunks(written))


def test_an_instant_is_the_same_in_whatever_zone_and_unit_it_comes() -> None:
    rates = [rate(per_minute="0.01", effective_to=NOON), rate(per_minute="0.02", effective_from=NOON)]
    east = timezone(timedelta(hours=5, minutes=45))
    for started in (
        pa.array([NOON.astimezone(east)], pa.timestamp("us", "+05:45")),
        pa.array([NOON], pa.timestamp("s", "UTC")),
        pa.array([NOON.replace(tzinfo=None)], pa.timestamp("ms")),
    ):
        table = one(started_at=None).append_column("started_at", started)
        assert rate_records(table, rates)["price_micros"].to_pylist() == [20_000]
    nearly = pa.array([int(NOON.timestamp()) * 10**9 - 1], pa.timestamp("ns", "UTC"))
    table = one(started_at=None).append_column("started_at", nearly)
    assert rate_records(table, rates)["price_micros"].to_pylist() == [10_000]


def test_no_records_make_no_prices() -> None:
    assert rate_records(one().slice(1), DECK).num_rows == 0
    assert rate_records(call_records([]), DECK).num_rows == 0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (one(number=None), "the column 'number' is missing"),
        (one(duration_seconds="a minute"), "the column 'duration_seconds' is not of type int64"),
        (one(duration_seconds=-1), "'duration_seconds' is -1; allowed are 0 to 2592000"),
        (one(duration_seconds=CALL_SECONDS_MAX + 1), "'duration_seconds' is 2592001"),
        (one(included_seconds=-1), "'included_seconds' is -1"),
        (one(started_at=datetime(1969, 12, 31, tzinfo=UTC)), "'started_at' lies before 1970-01-01"),
        (one().set_column(2, "number", pa.nulls(1, pa.string())), "the column 'number' is empty in 1 records"),
    ],
)
def test_records_that_cannot_be_rated_are_refused_by_their_column(table: pa.Table, message: str) -> None:
    with pytest.raises(RecordsError, match=message):
        rate_records(table, DECK)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ([rate(), rate(effective_from=NOON)], "two rates of prefix 44 are in force at once"),
        ([replace(rate(), price_per_minute_micros=10**15)], "64 bits cannot count what the longest call"),
        ([replace(rate(), first_increment_seconds=10**9)], "64 bits cannot count what the longest call"),
    ],
)
def test_a_deck_that_could_be_priced_wrongly_is_refused(rates: list[Rate], message: str) -> None:
    with pytest.raises(DeckError, match=message):
        rate_records(one(), rates)
