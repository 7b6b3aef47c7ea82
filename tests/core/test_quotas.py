"""How many numbers licences allow: the table of the domain, row by row, and the formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.quotas import service_number_quota, user_number_quota

TABLE = (
    "1–25→5; 26–49→10; 50–99→20; 100–149→30; 150–199→40; 200–499→65; 500–749→90; 750–999→110; 1000–1249→125;"
    " 1250–1499→135; 1500–1999→160; 2000–2999→210; 3000–6999→420; 7000–9999→500; 10000–14999→600; 15000–19999→700;"
    " 20000–49999→1000"
)
"""As the domain document writes it."""


@pytest.mark.parametrize("row", TABLE.split("; "))
def test_both_ends_of_a_row_have_its_quota(row: str) -> None:
    licences, _, quota = row.partition("→")
    first, _, last = licences.partition("–")
    assert service_number_quota(int(first)) == service_number_quota(int(last)) == int(quota)


@pytest.mark.parametrize("licences", [50_000, 1_000_000])
def test_from_fifty_thousand_licences_on_the_quota_stays(licences: int) -> None:
    assert service_number_quota(licences) == 1_500


@pytest.mark.parametrize(
    ("licences", "quota"), [(50, 65), (1, 11), (9, 19), (10, 21), (25, 37), (100, 120), (1_000_000, 1_100_010)]
)
def test_user_numbers_are_a_tenth_more_than_licences_and_ten(licences: int, quota: int) -> None:
    assert user_number_quota(licences) == quota


def test_without_a_licence_there_are_no_numbers() -> None:
    assert service_number_quota(0) == user_number_quota(0) == 0


@given(st.integers(0, 100_000))
def test_a_licence_more_never_allows_a_number_less(licences: int) -> None:
    assert service_number_quota(licences) <= service_number_quota(licences + 1)
    assert user_number_quota(licences) < user_number_quota(licences + 1)
