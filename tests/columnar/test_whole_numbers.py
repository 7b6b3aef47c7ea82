"""Rating in columns counts in whole numbers of 64 bits, and nothing of it is loaded by whoever does not rate."""

import re
import subprocess
import sys
from random import Random

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.columnar.deck_tables import BILLED_SECONDS_MAX, deck_tables
from commcredits.columnar.pricing import rating, sixtieth
from commcredits.core.tariffs import index_deck
from tests.columnar.random_decks import random_deck
from tests.core.books import rate

LARGEST = 2**31 - 1


@given(st.integers(0, LARGEST))
def test_a_sixtieth_is_exact_without_a_division(number: int) -> None:
    assert sixtieth(number) == number // 60


def test_a_sixtieth_is_exact_at_the_ends_of_its_range_and_fits_64_bits_on_the_way() -> None:
    for near in (0, 60, 3_600, LARGEST // 60 * 60, LARGEST):
        for number in range(max(0, near - 61), min(LARGEST, near + 61) + 1):
            assert sixtieth(number) == number // 60
    assert LARGEST * (2**37 // 60 + 1) < 2**63
    assert 59 * BILLED_SECONDS_MAX <= LARGEST


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
def test_no_engine_is_asked_to_divide_or_to_use_a_fraction(dialect: str) -> None:
    layout = deck_tables(random_deck(Random(1), prefixes=300)).layout
    assert layout.banded
    assert layout.stepped
    assert layout.shaped
    statement = str(ibis.to_sql(rating(layout), dialect=dialect))
    assert re.findall(r"/|\b(?:double|float|real|decimal|floor|div)\b", statement, re.IGNORECASE) == []


def test_a_deck_of_flat_rates_asks_for_prefixes_and_one_product_alone() -> None:
    flat = deck_tables(index_deck("deck", "EUR", [rate(prefix="44"), rate(prefix="40"), rate(prefix="4420")]))
    statement = str(ibis.to_sql(rating(flat.layout), dialect="duckdb"))
    assert "bands" not in statement
    assert "part_1" not in statement
    assert statement.count("JOIN") == 3  # prefixes of two digits, of four digits, and the prices


def test_whoever_does_not_rate_in_columns_loads_none_of_its_libraries() -> None:
    program = (
        "import sys, commcredits.columnar.engine, commcredits.columnar.records, commcredits.columnar.deck_tables\n"
        "print(sorted({'duckdb', 'ibis', 'pyarrow', 'pandas', 'numpy', 'pyspark'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "[]"


def test_without_the_libraries_the_refusal_names_the_extra() -> None:
    program = (
        "import sys\n"
        "sys.modules['duckdb'] = None\n"
        "from commcredits.columnar.engine import ColumnarMissingError, open_rater\n"
        "try:\n"
        "    open_rater([]).__enter__()\n"
        "except ColumnarMissingError as error:\n"
        "    print(error)"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.startswith("rating in columns needs the extra 'columnar'")
