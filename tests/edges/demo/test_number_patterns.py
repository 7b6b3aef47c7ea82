"""Patterns of the numbering metadata become templates that match the same numbers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from commcredits.edges.demo.number_patterns import ANY_DIGIT, DigitTemplate, PatternError, digit_templates
from commcredits.edges.demo.number_ranges import kind_descriptions


def _matches(templates: frozenset[DigitTemplate], number: str) -> bool:
    return any(
        len(template) == len(number) and all(digit in allowed for digit, allowed in zip(number, template, strict=True))
        for template in templates
    )


def test_a_class_names_single_digits_and_spans() -> None:
    assert digit_templates("[02-46]", 5) == {(frozenset("02346"),)}


def test_alternatives_and_groups_multiply_out() -> None:
    assert digit_templates("1(?:2|3\\d)", 5) == {
        (frozenset("1"), frozenset("2")),
        (frozenset("1"), frozenset("3"), ANY_DIGIT),
    }


def test_a_count_gives_one_template_per_length() -> None:
    assert {len(template) for template in digit_templates("7\\d{2,4}", 9)} == {3, 4, 5}


def test_an_optional_part_may_be_missing() -> None:
    assert {len(template) for template in digit_templates("12?3", 9)} == {2, 3}


def test_templates_stop_at_the_last_position_asked_for() -> None:
    assert digit_templates("40\\d{7}", 3) == {(frozenset("4"), frozenset("0"), ANY_DIGIT)}


@pytest.mark.parametrize("pattern", ["1.2", "1+", "(1)", "^12$", "1)", "(?:1", "?1", "{2}", "[^1]"])
def test_a_pattern_outside_the_language_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        digit_templates(pattern, 7)


@given(number=st.text("0123456789", min_size=1, max_size=12))
def test_templates_match_exactly_what_the_pattern_matches(number: str) -> None:
    pattern = "(?:2(?:19\\d|[3-6]\\d9)|31\\d\\d)\\d\\d|[23][13-6]\\d{7}|80[0-2]\\d{3,5}|90?1"

    assert _matches(digit_templates(pattern, 12), number) == bool(re.fullmatch(pattern, number))


def test_every_pattern_of_the_metadata_can_be_read_and_matches_its_own_example() -> None:
    for calling_code, countries in COUNTRY_CODE_TO_REGION_CODE.items():
        for country in countries:
            metadata = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, country)
            assert metadata is not None
            for description in kind_descriptions(metadata).values():
                assert description.national_number_pattern
                if description.example_number:
                    assert _matches(
                        digit_templates(description.national_number_pattern, 15), description.example_number
                    )
