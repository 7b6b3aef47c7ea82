"""What calls were charged beside what they would cost, added up in columns: exact however large the sums."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from commcredits.columnar.comparing import COPIED, Comparer, Comparison, last_of, read_copied
from commcredits.columnar.engine import open_rater
from commcredits.columnar.records import RecordsError
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.core.tariffs import Rate, index_deck
from tests.core.books import NOON, rate

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON_US = (NOON - EPOCH) // timedelta(microseconds=1)


def copied(session_id: str, **fields: str | int) -> bytes:
    """A line as the database copies a call out: a minute to London that cost nothing, unless said otherwise."""
    content = {
        "session_id": session_id,
        "service": "outbound",
        "caller": "+40722000001",
        "callee": "+442079460000",
        "destination": "Old name",
        "of_no_deck": 0,
        "began_us": NOON_US,
        "state": "ended",
        "live": 0,
        "used_seconds": 60,
        "included_seconds": 0,
        "charged_micros": 0,
        "user_id": "",
        **fields,
    }
    return (",".join(str(content[name]) for name in COPIED) + "\n").encode()


def compared(content: bytes, *rates: Rate, dearest_max: int = 3) -> Comparison:
    """The comparison of copied calls with a deck of these rates."""
    deck = index_deck("deck", "EUR", rates or [rate()])
    with open_rater(deck) as rater:
        return Comparer(rater, deck.services_with_origin, dearest_max=dearest_max).compare(read_copied(content))


def test_sums_are_exact_where_64_bits_would_not_hold_them() -> None:
    dear = replace(rate(), price_per_minute_micros=10**12)
    calls = b"".join(copied(f"s-{number}", used_seconds=CALL_SECONDS_MAX) for number in range(1_000))

    found = compared(calls, dear)

    cost = CALL_SECONDS_MAX // 60 * 10**12
    assert 1_000 * cost > 2**63
    assert found.services["outbound"].would_cost_micros == 1_000 * cost
    assert found.destinations["Somewhere"].would_cost_micros == 1_000 * cost


def test_what_no_deck_prices_is_counted_and_left_out() -> None:
    lines = [
        copied("running", live=1, state="started"),
        copied("refused", state="refused"),
        copied("help", service="emergency"),
        copied("included", of_no_deck=1),
        copied("within the pool".replace(" ", "-"), included_seconds=60),
        copied("silent", used_seconds=0),
        copied("reaped", state="expired"),
    ]
    found = compared(b"".join(lines))
    assert (found.calls, found.unpriced, found.services["outbound"].calls) == (7, 6, 1)


def test_a_call_without_a_rate_keeps_the_name_that_its_destination_had() -> None:
    found = compared(copied("free", callee="+99912345678", charged_micros=7) + copied("priced"))
    assert (found.free_calls, found.free_charged_micros) == (1, 7)
    assert found.destinations["Old name"].would_cost_micros == 0
    assert found.destinations["Somewhere"].would_cost_micros == 600_000


def test_the_calls_that_differ_most_come_first_and_of_equal_ones_the_oldest() -> None:
    lines = [
        copied("later", began_us=NOON_US + 1),
        copied("dearest", used_seconds=90),
        copied("same", charged_micros=600_000),
        copied("given-back", charged_micros=1_400_000),
        copied("b"),
        copied("a"),
    ]
    found = compared(b"".join(lines), dearest_max=4)
    assert [each.session_id for each in found.dearest] == ["dearest", "given-back", "a", "b"]


def test_text_is_read_as_it_was_written() -> None:
    odd = copied('"a,""b"""', destination='"Țară, ""x"""')
    found = compared(odd + copied("NULL") + copied("null", destination=""), rate(prefix="1"))
    assert set(found.destinations) == {'Țară, "x"', "Old name", ""}
    assert last_of(read_copied(odd)) == (NOON, 'a,"b"')


def test_nothing_copied_is_nothing_compared() -> None:
    found = compared(b"")
    assert (found.calls, found.unpriced, found.free_calls, dict(found.services), list(found.dearest)) == (
        0,
        0,
        0,
        {},
        [],
    )


def test_calls_that_cannot_be_rated_in_columns_are_refused() -> None:
    with pytest.raises(RecordsError):
        compared(copied("endless", used_seconds=CALL_SECONDS_MAX + 1))
