"""The countries that plans speak of."""

from phonenumbers import SUPPORTED_REGIONS

from commcredits.core.places import PLAN_COUNTRIES, ZONE_A


def test_international_minutes_cover_196_countries() -> None:
    assert len(PLAN_COUNTRIES) == 196


def test_zone_a_has_44_countries_and_all_are_among_them() -> None:
    assert len(ZONE_A) == 44
    assert ZONE_A <= PLAN_COUNTRIES


def test_every_one_of_them_has_a_numbering_plan() -> None:
    assert PLAN_COUNTRIES <= SUPPORTED_REGIONS


def test_three_of_zone_a_are_no_member_states_and_no_other_territory_is_covered() -> None:
    assert {"HK", "PR", "TW"} <= PLAN_COUNTRIES
    assert PLAN_COUNTRIES.isdisjoint(
        {"AC", "CK", "FO", "GF", "GI", "GL", "GP", "MO", "NC", "PF", "PS", "RE", "VA", "XK"}
    )
