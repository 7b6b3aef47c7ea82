"""External numbers lose their last digits by the organization's country, and records are kept by the user's."""

from datetime import UTC, datetime, timedelta

import pytest

from commcredits.core.privacy import Privacy, mask

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GERMAN, ROMANIAN = "+493012345678", "+40211230001"
MASKED = {"BE": 3, "CH": 4, "DE": 3, "DK": 3, "ES": 3, "FI": 3, "FR": 4, "IT": 3, "NL": 3, "NO": 3, "SE": 3}
KEPT = {
    "CA": 150, "CH": 365, "DK": 365, "FI": 365, "FR": 365, "IT": 730, "KR": 365, "MX": 720, "NL": 180, "NO": 150,
    "SE": 180, "GB": 450,
}  # fmt: skip


@pytest.mark.parametrize(("country", "digits"), [*MASKED.items(), ("RO", 0), ("GB", 0), ("US", 0)])
def test_the_external_number_alone_is_masked_and_by_as_many_digits_as_the_country_says(
    country: str, digits: int
) -> None:
    hidden = GERMAN[: len(GERMAN) - digits] + "*" * digits
    assert Privacy().shown(GERMAN, ROMANIAN, inbound=True, country=country) == (hidden, ROMANIAN)
    assert Privacy().shown(ROMANIAN, GERMAN, inbound=False, country=country) == (ROMANIAN, hidden)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+4930123", "+4930***"),
        ("+49301", "+49301"),
        ("112", "112"),
        ("118932", "118932"),
        ("anonymous", "anonymous"),
        ("", ""),
        ("030 123-45-67", "030 123-4*-**"),
        ("sip:+493012345678@example.com", "sip:+493012345***@example.com"),
    ],
)
def test_short_codes_and_words_stay_and_the_form_of_a_number_too(number: str, shown: str) -> None:
    assert mask(number, 3) == shown


def test_a_mask_longer_than_a_number_hides_all_of_its_digits() -> None:
    assert mask("+4930123", 15) == "+*******"


@pytest.mark.parametrize(("country", "days"), [*KEPT.items(), ("RO", 365), ("US", 365), ("", 365)])
def test_records_are_kept_for_as_many_days_as_the_country_of_the_user_says(country: str, days: int) -> None:
    assert Privacy().kept_days(country) == days
    assert Privacy().kept_since(country, NOW) == NOW - timedelta(days=days)


def test_every_period_is_walked_through_and_an_operator_may_choose_others() -> None:
    assert Privacy().periods() == (150, 180, 365, 450, 720, 730)
    own = Privacy(masked_digits={"RO": 2}, retention_days={"RO": 100}, retention_days_default=200)
    assert own.periods() == (100, 200)
    assert own.kept_days("GB") == 200
    assert own.shown(ROMANIAN, GERMAN, inbound=False, country="RO") == (ROMANIAN, "+4930123456**")
