"""What a number's range says of it, held against the numbering metadata's own library."""

from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumber, PhoneNumberType

from commcredits.core.numbers import (
    NOT_A_NUMBER,
    REMEMBERED_NUMBERS_MAX,
    DialledKind,
    NumberFacts,
    classify,
    is_e164,
)

KINDS = (
    "premium_rate", "toll_free", "shared_cost", "fixed_line", "mobile", "voip", "personal_number", "pager", "uan",
    "voicemail",
)  # fmt: skip
SPECIAL = {
    PhoneNumberType.PREMIUM_RATE: DialledKind.PREMIUM,
    PhoneNumberType.TOLL_FREE: DialledKind.TOLL_FREE,
    PhoneNumberType.SHARED_COST: DialledKind.SHARED_COST,
    PhoneNumberType.UNKNOWN: DialledKind.UNKNOWN,
}
WHOLE_CODES = {"+800": "toll_free", "+808": "shared_cost", "+870": "satellite", "+881": "satellite", "+979": "premium"}


def _examples() -> Iterator[tuple[int, str]]:
    """Calling code and national number of an example of each kind of each country in the metadata."""
    for calling_code, countries in COUNTRY_CODE_TO_REGION_CODE.items():
        for country in countries:
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, country)
            for kind in KINDS:
                described = getattr(metadata, kind)
                if described is not None and described.example_number:
                    yield calling_code, described.example_number


EXAMPLES = sorted(set(_examples()))


def _by_the_library(calling_code: int, national: str) -> NumberFacts:
    """The same from the library's own functions, which are too slow for the way of a call."""
    number = PhoneNumber(
        country_code=calling_code,
        national_number=int(national),
        italian_leading_zero=national.startswith("0"),
        number_of_leading_zeros=len(national) - len(national.lstrip("0")),
    )
    country = phonenumbers.region_code_for_number(number)
    kind = SPECIAL.get(phonenumbers.number_type(number), DialledKind.ORDINARY)
    if country is None:
        country = COUNTRY_CODE_TO_REGION_CODE[calling_code][0]
    return NumberFacts(country="" if country == "001" else country, kind=kind)


@st.composite
def numbers_near_examples(draw: st.DrawFn) -> tuple[int, str]:
    """A number that an example becomes when digits are dialled wrong, left out or added."""
    calling_code, national = draw(st.sampled_from(EXAMPLES))
    digits = list(national)
    for _ in range(draw(st.integers(0, 3))):
        digits[draw(st.integers(0, len(digits) - 1))] = draw(st.sampled_from("0123456789"))
    digits += draw(st.lists(st.sampled_from("0123456789"), max_size=2))
    return calling_code, "".join(digits[draw(st.integers(0, 1)) :])


def test_every_example_of_the_metadata_gets_its_country_and_kind() -> None:
    assert len(EXAMPLES) > 1_000
    wrong = [
        (calling_code, national)
        for calling_code, national in EXAMPLES
        if f"+{calling_code}" not in WHOLE_CODES
        and classify(f"+{calling_code}{national}") != _by_the_library(calling_code, national)
    ]
    assert wrong == []


def test_every_country_whose_ranges_are_its_own_is_found() -> None:
    # All ranges of these two are also ranges of the main country of their calling code, +212 and +590.
    without_ranges_of_their_own = {"EH", "MF"}
    found = {classify(f"+{calling_code}{national}").country for calling_code, national in EXAMPLES}
    assert found == set(phonenumbers.SUPPORTED_REGIONS) - without_ranges_of_their_own | {""}


@given(numbers_near_examples())
@example((1, "7872345678"))
@example((39, "0669812345"))
@example((44, "1534456789"))
def test_any_number_gets_what_the_library_of_the_metadata_says(number: tuple[int, str]) -> None:
    calling_code, national = number
    text = f"+{calling_code}{national}"
    if is_e164(text) and national.strip("0") and text[:4] not in WHOLE_CODES and not text.startswith("+882"):
        assert classify(text) == _by_the_library(calling_code, national)


@pytest.mark.parametrize(
    ("number", "country", "kind"),
    [
        ("+40213001234", "RO", DialledKind.ORDINARY),
        ("+40722000001", "RO", DialledKind.ORDINARY),
        ("+40800123456", "RO", DialledKind.TOLL_FREE),
        ("+40801123456", "RO", DialledKind.SHARED_COST),
        ("+40900123456", "RO", DialledKind.PREMIUM),
        ("+12025550123", "US", DialledKind.ORDINARY),
        ("+14165550123", "CA", DialledKind.ORDINARY),
        ("+17872345678", "PR", DialledKind.ORDINARY),
        ("+18762101234", "JM", DialledKind.ORDINARY),
        ("+18005550123", "US", DialledKind.TOLL_FREE),
        ("+19005550123", "US", DialledKind.PREMIUM),
        ("+442079460000", "GB", DialledKind.ORDINARY),
        ("+441534456789", "JE", DialledKind.ORDINARY),
        ("+74951234567", "RU", DialledKind.ORDINARY),
        ("+77172580000", "KZ", DialledKind.ORDINARY),
        ("+390669812345", "VA", DialledKind.ORDINARY),
        ("+390612345678", "IT", DialledKind.ORDINARY),
        ("+26377123456", "ZW", DialledKind.UNKNOWN),
        ("+263712345678", "ZW", DialledKind.ORDINARY),
        ("+68221234", "CK", DialledKind.ORDINARY),
    ],
)
def test_a_number_lies_in_the_range_of_a_country(number: str, country: str, kind: DialledKind) -> None:
    assert classify(number) == NumberFacts(country=country, kind=kind)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+80012345678", DialledKind.TOLL_FREE),
        ("+80812345678", DialledKind.SHARED_COST),
        ("+870773111632", DialledKind.SATELLITE),
        ("+881612345678", DialledKind.SATELLITE),
        ("+8821655512345", DialledKind.SATELLITE),
        ("+8821312345", DialledKind.SATELLITE),
        ("+883510012345678", DialledKind.ORDINARY),
        ("+979123456789", DialledKind.PREMIUM),
        ("+87812345", DialledKind.UNKNOWN),
    ],
)
def test_a_number_of_no_country_has_none(number: str, kind: DialledKind) -> None:
    assert classify(number) == NumberFacts(country="", kind=kind)


@pytest.mark.parametrize(("code", "kind"), WHOLE_CODES.items())
def test_a_code_that_is_one_service_is_that_service_where_the_metadata_lags_too(code: str, kind: str) -> None:
    assert classify(f"{code}00000") == NumberFacts(country="", kind=DialledKind(kind))


def test_a_number_in_no_known_range_counts_for_the_main_country_of_its_code() -> None:
    assert classify("+13171239") == NumberFacts(country="US", kind=DialledKind.UNKNOWN)
    assert classify("+4060000") == NumberFacts(country="RO", kind=DialledKind.UNKNOWN)


@pytest.mark.parametrize("text", ["", "+", "112", "+0", "40722000001", "+40 722 000 001", "+210123456", "+999123456"])
def test_what_is_no_number_has_no_country_and_no_kind(text: str) -> None:
    assert classify(text) == NOT_A_NUMBER


@given(st.text())
@example("+" + "4" * 1_000_000)
@example("\udfff")
@example("+40722٠٠٠٠٠١")
def test_no_text_from_outside_is_too_strange(text: str) -> None:
    assert isinstance(classify(text), NumberFacts)


def test_what_is_remembered_is_bounded_and_holds_no_long_text() -> None:
    from commcredits.core import numbers  # noqa: PLC0415 - this test alone looks behind the door

    before = numbers._classify.cache_info()  # noqa: SLF001 - the bound is what is tested
    classify("+" + "4" * 10_000)
    after = numbers._classify.cache_info()  # noqa: SLF001 - the bound is what is tested
    assert after.maxsize == REMEMBERED_NUMBERS_MAX
    assert after.misses == before.misses
