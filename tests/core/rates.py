"""Rates as properties draw them: real decks' increments and prices, and the corners of what an import lets in."""

from hypothesis import strategies as st

from commcredits.core.tariffs import Rate
from tests.core.books import rate

increments = st.one_of(
    st.sampled_from([(1, 1), (6, 6), (30, 6), (60, 1), (60, 60), (60, 11), (12, 13), (3_600, 3_600), (1, 3_600)]),
    st.tuples(st.integers(1, 3_600), st.integers(1, 3_600)),
)
prices_micros = st.one_of(st.sampled_from([0, 1, 59, 60, 61, 6_000, 600_000]), st.integers(0, 5_000_000))
fees_micros = st.one_of(st.just(0), st.integers(0, 1_000_000))


def _text(amount_micros: int) -> str:
    return f"{amount_micros // 1_000_000}.{amount_micros % 1_000_000:06d}"


rates: st.SearchStrategy[Rate] = st.builds(
    lambda price, fee, pair: rate(per_minute=_text(price), fee=_text(fee), increments=pair),
    prices_micros,
    fees_micros,
    increments,
)
