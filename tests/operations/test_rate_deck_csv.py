"""A deck's file is read exactly, or refused for the first thing that is wrong, by line and column."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.commands import Service
from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.tariffs import (
    PLAIN_TERMS,
    BandPrice,
    DeckTerms,
    PriceShape,
    PriceStep,
    Rate,
    Rounding,
    RoundingMode,
    Window,
)
from commcredits.operations import rate_deck_csv
from commcredits.operations.rate_deck_csv import ROWS_MAX, RateDeckReader
from commcredits.operations.rate_rows import COLUMNS, OPTIONAL_COLUMNS
from tests.operations.office import HEADER
from tests.operations.wrong_rate_decks import LINE, WRONG, Wrong, deck, row

RATE = Rate(
    prefix="44",
    destination="United Kingdom",
    service=Service.OUTBOUND,
    price_per_minute_micros=600_000,
    connection_fee_micros=50_000,
    first_increment_seconds=60,
    next_increment_seconds=1,
    effective_from=datetime(2020, 1, 1, tzinfo=UTC),
    effective_to=datetime(2030, 6, 30, 9, tzinfo=UTC),
)


PEAK = (Window(weekdays=(0, 1, 2, 3, 4), from_minute=480, to_minute=1_200),)
WEEKEND = (Window(weekdays=(5, 6), from_minute=0, to_minute=1_440),)
TERMS = DeckTerms(time_zone="Europe/Bucharest", holidays=("2026-12-25",), bands={"peak": PEAK, "weekend": WEEKEND})


def read(pieces: Iterable[bytes], terms: DeckTerms = PLAIN_TERMS) -> list[Rate] | Refused:
    reader = RateDeckReader("EUR", terms)
    for piece in pieces:
        refused = reader.take(piece)
        if refused is not None:
            return refused
    return reader.finish()


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named_by_line_and_column(wrong: Wrong) -> None:
    refused = read([wrong.content])

    assert isinstance(refused, Refused), refused
    assert refused.code is RefusalCode.INVALID_INPUT
    assert (refused.facts["line"], refused.facts["column"]) == (wrong.line, wrong.column), refused
    place = f"line {wrong.line}, column {wrong.column}" if wrong.column else f"line {wrong.line}"
    assert refused.facts["field"] == place
    if wrong.value is not None:
        assert refused.facts["value"] == wrong.value
    assert len(str(refused.facts["value"])) <= 64
    assert refused.facts["allowed"]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_the_same_however_the_bytes_arrive(wrong: Wrong) -> None:
    size = max(1, len(wrong.content) // 1_000)
    pieces = [wrong.content[start : start + size] for start in range(0, len(wrong.content), size)]
    assert read(pieces) == read([wrong.content])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(deck(LINE), id="as written"),
        pytest.param(deck(LINE).rstrip(), id="no last line end"),
        pytest.param(b"\xef\xbb\xbf" + deck(LINE), id="a mark"),
        pytest.param(deck(LINE).replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + deck(LINE).replace(b"\n", b"\r\n"), id="a mark and CRLF"),
        pytest.param(deck("", LINE, "", ""), id="empty lines"),
        pytest.param(deck(row(prefix="+44")), id="a plus sign"),
        pytest.param(deck(",".join(f'"{field}"' for field in LINE.split(","))), id="all quoted"),
        pytest.param(
            ",".join(f'"{name}"' for name in HEADER.split(",")).encode() + deck(LINE)[len(HEADER) :], id="header"
        ),
        pytest.param(
            "\n".join(",".join(reversed(line.split(","))) for line in (HEADER, LINE)).encode(), id="other order"
        ),
        pytest.param(deck(row(price_per_minute="0.600000", connection_fee="00.05")), id="more digits"),
        pytest.param(deck(row(effective_from="2020-01-01T02:00:00+02:00")), id="another offset"),
    ],
)
def test_one_rate_can_be_written_in_many_ways(content: bytes) -> None:
    assert read([content]) == [RATE]


def wide(*lines: tuple[str, str, str, str, str]) -> bytes:
    """A deck whose lines have all optional columns; each line has another prefix."""
    header = f"{HEADER},{','.join(OPTIONAL_COLUMNS)}"
    rows = [f"{row(prefix=f'44{number}')},{','.join(fields)}" for number, fields in enumerate(lines)]
    return "\n".join([header, *rows]).encode()


def test_a_file_may_say_more_of_a_rate() -> None:
    rates = _rates(
        read(
            [
                wide(
                    ("", "", "", "", ""),
                    ("DE", "weekend:0.015;peak:0.02", "", "", "EUR"),
                    ("", "", "600:0.005;1200:0.003", "2.50", ""),
                    ("", "", "", "0", ""),
                )
            ],
            TERMS,
        )
    )
    assert [rate.origin_country for rate in rates] == ["", "DE", "", ""]
    assert [rate.shape for rate in rates] == [
        None,
        PriceShape(
            time_zone="Europe/Bucharest",
            holidays=("2026-12-25",),
            # In the order in which the file names them: the first that is in force counts.
            bands=(
                BandPrice(band="weekend", windows=WEEKEND, price_per_minute_micros=15_000),
                BandPrice(band="peak", windows=PEAK, price_per_minute_micros=20_000),
            ),
        ),
        PriceShape(
            steps=(
                PriceStep(from_seconds=600, price_per_minute_micros=5_000),
                PriceStep(from_seconds=1_200, price_per_minute_micros=3_000),
            ),
            charge_max_micros=2_500_000,
        ),
        PriceShape(charge_max_micros=0),
    ]


def test_optional_columns_may_stand_anywhere_and_some_be_left_out() -> None:
    content = f"charge_max,{HEADER},origin_country\n7,{LINE},FR\n".encode()
    (rate,) = _rates(read([content]))
    assert (rate.origin_country, rate.shape) == ("FR", PriceShape(charge_max_micros=7_000_000))


def test_rates_of_one_shape_share_it_in_memory() -> None:
    lines = [("", "peak:0.02", "", "1", "") for _ in range(5)]
    rates = _rates(read([wide(*lines)], TERMS))
    assert len({id(rate.shape) for rate in rates}) == 1


def test_every_rate_of_a_deck_that_rounds_otherwise_carries_that() -> None:
    rounding = Rounding(digits=2, mode=RoundingMode.HALF_UP)
    rates = _rates(read([deck(LINE, row(prefix="49"))], DeckTerms(rounding=rounding)))
    assert [rate.shape for rate in rates] == [PriceShape(rounding=rounding)] * 2
    assert rates[0].shape is rates[1].shape


def test_rates_bound_to_different_countries_stand_beside_each_other() -> None:
    content = f"{HEADER},origin_country\n{LINE},\n{LINE},DE\n{LINE},FR\n".encode()
    assert [rate.origin_country for rate in _rates(read([content]))] == ["", "DE", "FR"]
    refused = read([f"{HEADER},origin_country\n{LINE},DE\n{LINE},\n{LINE},DE\n".encode()])
    assert isinstance(refused, Refused)
    assert (refused.facts["line"], refused.facts["column"]) == (4, "effective_from")
    assert "from DE" in str(refused.facts["allowed"])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("origin_country", value) for value in ("de", "XX", "DEU", " DE", "49", "\x00")),
        *(("currency", value) for value in ("eur", "RON", " EUR", "x" * 60_000)),
        *(("band_prices", value) for value in ("peak", "peak:", ":0.02", "noon:0.02", "peak:0.02;peak:0.03")),
        *(("band_prices", value) for value in ("peak:-1", "peak:0.02;", ";peak:0.02", "peak:0.02 ", "Peak:0.02")),
        *(("band_prices", value) for value in ("peak=0.02", "peak:0.0000001", "peak:1e3", "peak:0.02:0.03")),
        ("band_prices", "peak:0.02;" * 6_000),
        *(("steps", value) for value in ("600", "600:", ":0.005", "0:0.005", "-1:0.005", "600:0.005;600:0.003")),
        *(("steps", value) for value in ("1200:0.003;600:0.005", "2592001:0.1", "6e2:0.1", "600:0.005;", "٦:0.1")),
        ("steps", ";".join(f"{second}:0.1" for second in range(1, 18))),
        *(("charge_max", value) for value in ("-1", "free", "1000000.000001", "0.0000001", " 1")),
    ],
)
def test_an_optional_field_that_is_wrong_is_named_by_line_and_column(column: str, value: str) -> None:
    content = f"{HEADER},{column}\n{LINE},\n{row(prefix='49')},{value}\n".encode()
    refused = read([content], TERMS)
    assert isinstance(refused, Refused), refused
    assert (refused.facts["line"], refused.facts["column"]) == (3, column)
    assert refused.facts["value"] == value[:64].replace("\x00", "\ufffd")
    assert refused.facts["allowed"]


def test_a_rate_has_bands_or_steps_and_never_both() -> None:
    refused = read([wide(("", "", "", "", ""), ("", "peak:0.02", "600:0.005", "", ""))], TERMS)
    assert isinstance(refused, Refused)
    assert (refused.facts["line"], refused.facts["column"]) == (3, "steps")


def test_a_band_that_the_deck_does_not_know_is_refused_with_those_it_knows() -> None:
    refused = read([f"{HEADER},band_prices\n{LINE},noon:1\n".encode()], TERMS)
    assert isinstance(refused, Refused)
    assert "peak, weekend" in str(refused.facts["allowed"])


def test_a_comma_and_a_quote_stand_in_a_quoted_field() -> None:
    (rate,) = _rates(read([deck(row(destination='"Korea, ""South"""'))]))
    assert rate.destination == 'Korea, "South"'


@pytest.mark.parametrize(
    ("column", "value", "field", "expected"),
    [
        ("prefix", "1", "prefix", "1"),
        ("prefix", "1" * 15, "prefix", "1" * 15),
        ("destination", "x" * 100, "destination", "x" * 100),
        ("destination", "Țara de Foc", "destination", "Țara de Foc"),
        ("service", "toll_free_in", "service", Service.TOLL_FREE_IN),
        ("service", "conference_dial_out", "service", Service.CONFERENCE_DIAL_OUT),
        ("service", "toll_in", "service", Service.TOLL_IN),
        ("price_per_minute", "0", "price_per_minute_micros", 0),
        ("price_per_minute", "0.000001", "price_per_minute_micros", 1),
        ("price_per_minute", "1000000", "price_per_minute_micros", 10**12),
        ("connection_fee", "1000000.000000", "connection_fee_micros", 10**12),
        ("first_increment", "1", "first_increment_seconds", 1),
        ("next_increment", "3600", "next_increment_seconds", 3_600),
        ("effective_from", "0001-01-01", "effective_from", datetime(1, 1, 1, tzinfo=UTC)),
        ("effective_to", "", "effective_to", None),
        ("effective_to", "2020-01-01T00:00:00.000001Z", "effective_to", datetime(2020, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
        ("effective_to", "9999-12-31T23:59:59.999999Z", "effective_to", datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_the_ends_of_what_is_allowed_are_allowed(column: str, value: str, field: str, expected: object) -> None:
    (rate,) = _rates(read([deck(row(**{column: value}))]))
    assert getattr(rate, field) == expected


def test_rates_of_one_prefix_may_follow_one_another_and_differ_by_service() -> None:
    lines = [
        row(effective_from="2025-01-01", effective_to=""),
        row(effective_from="2020-01-01", effective_to="2025-01-01"),
        row(service="toll_free_in"),
        row(prefix="441"),
    ]
    assert len(_rates(read([deck(*lines)]))) == 4


def test_an_overlap_tells_the_line_that_stood_first() -> None:
    refused = read([deck(LINE, row(prefix="49"), LINE)])
    assert isinstance(refused, Refused)
    assert "line 2" in str(refused.facts["allowed"])


def test_a_line_without_end_is_refused_before_much_of_it_was_read() -> None:
    taken = 0

    def endless() -> Iterable[bytes]:
        nonlocal taken
        yield HEADER.encode() + b"\n"
        while True:
            taken += 1
            assert taken <= 3, "more was read than the longest line"
            yield b"4" * (64 * 1024)

    refused = read(endless())
    assert isinstance(refused, Refused)
    assert refused.facts["line"] == 2


def test_a_file_of_line_ends_ends_too() -> None:
    def endless() -> Iterable[bytes]:
        yield HEADER.encode()
        while True:
            yield b"\n" * 50_000

    refused = read(endless())
    assert isinstance(refused, Refused)
    assert refused.facts["line"] == ROWS_MAX + 2


def test_a_deck_with_a_rate_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_deck_csv, "ROWS_MAX", 3)
    lines = [row(prefix=str(prefix)) for prefix in (1, 2, 3, 4)]
    assert len(_rates(read([deck(*lines[:3])]))) == 3
    refused = read([deck(*lines)])
    assert isinstance(refused, Refused)
    assert (refused.facts["line"], refused.facts["allowed"]) == (5, "at most 3 lines below the header")


def test_rates_come_in_the_order_in_which_the_database_takes_them_fastest() -> None:
    lines = [row(prefix="7"), row(service="toll_free_in"), row(prefix="441"), LINE]
    assert [(rate.service, rate.prefix) for rate in _rates(read([deck(*lines)]))] == [
        (Service.OUTBOUND, "44"),
        (Service.OUTBOUND, "441"),
        (Service.OUTBOUND, "7"),
        (Service.TOLL_FREE_IN, "44"),
    ]


instants = st.integers(0, 3 * 10**15).map(
    lambda micros: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)
written_rates = st.builds(
    lambda prefix, destination, service, price, fee, first, following, begins, lasts: Rate(
        prefix=prefix,
        destination=destination,
        service=service,
        price_per_minute_micros=price,
        connection_fee_micros=fee,
        first_increment_seconds=first,
        next_increment_seconds=following,
        effective_from=begins,
        effective_to=None if lasts is None else begins + lasts,
    ),
    st.from_regex(r"[1-9][0-9]{0,14}", fullmatch=True),
    st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=' ,"'), min_size=1, max_size=100).filter(
        lambda text: bool(text.strip())
    ),
    st.sampled_from([Service.OUTBOUND, Service.TOLL_FREE_IN, Service.CONFERENCE_DIAL_OUT]),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.integers(1, 3_600),
    st.integers(1, 3_600),
    instants,
    st.none() | st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=9_999)),
)


@given(
    st.lists(written_rates, min_size=1, max_size=20, unique_by=lambda rate: (rate.service, rate.prefix)),
    st.permutations(list(COLUMNS)),
    st.integers(1, 500),
    st.booleans(),
)
def test_every_deck_that_can_be_written_is_read_as_it_was_meant(
    rates: list[Rate],
    columns: list[str],
    piece_bytes: int,
    quoted: bool,  # noqa: FBT001 - Hypothesis fills it in
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    for rate in rates:
        written = {
            "prefix": rate.prefix,
            "destination": rate.destination,
            "service": rate.service.value,
            "price_per_minute": format_micros(rate.price_per_minute_micros),
            "connection_fee": format_micros(rate.connection_fee_micros),
            "first_increment": rate.first_increment_seconds,
            "next_increment": rate.next_increment_seconds,
            "effective_from": rate.effective_from.isoformat(),
            "effective_to": "" if rate.effective_to is None else rate.effective_to.isoformat(),
        }
        writer.writerow([written[column] for column in columns])
    content = text.getvalue().encode()

    read_back = read(content[start : start + piece_bytes] for start in range(0, len(content), piece_bytes))

    assert read_back == sorted(rates, key=lambda rate: (rate.service, rate.prefix))


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_make_reading_fail(pieces: list[bytes]) -> None:
    assert isinstance(read(pieces), Refused)


@given(
    st.lists(st.sampled_from([*HEADER.split(","), *LINE.split(","), ",", ",", "\n", '"', "\r", "\x00"]), max_size=60)
)
def test_no_shuffled_deck_makes_reading_fail(parts: list[str]) -> None:
    assert isinstance(read([deck("".join(parts))]), Refused | list)


def _rates(found: list[Rate] | Refused) -> list[Rate]:
    assert isinstance(found, list), found
    return found
