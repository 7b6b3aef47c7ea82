"""The sample organizations are consistent, recognisable as samples, and can be called by the sample deck."""

from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from phonenumbers import is_valid_number, parse, region_code_for_number

from commcredits.edges.demo.call_plans import planned_calls
from commcredits.edges.demo.sample_rates import sample_rate_rows
from commcredits.edges.demo.world import (
    SEED,
    START_HOUR,
    SampleNumberKind,
    SampleOrganization,
    sample_organizations,
)
from tests.edges.demo.charging_stub import longest_prefix, rates_by_prefix

EVERY_ORGANIZATION = pytest.mark.parametrize("organization", sample_organizations(), ids=lambda each: each.country)


def test_there_is_one_organization_in_each_of_three_countries() -> None:
    described = [(each.country, each.currency, each.time_zone, each.language) for each in sample_organizations()]

    assert described == [
        ("RO", "RON", "Europe/Bucharest", "ro"),
        ("DE", "EUR", "Europe/Berlin", "en"),
        ("US", "USD", "America/New_York", "en"),
    ]


@EVERY_ORGANIZATION
def test_an_organization_says_that_it_is_a_sample(organization: SampleOrganization) -> None:
    assert organization.name.startswith("Demo ")
    assert ZoneInfo(organization.time_zone).key == organization.time_zone


@EVERY_ORGANIZATION
def test_an_organization_has_valid_numbers_of_its_country_of_both_kinds(organization: SampleOrganization) -> None:
    assert {each.kind for each in organization.numbers} == set(SampleNumberKind)
    for each in organization.numbers:
        number = parse(each.number)
        assert is_valid_number(number)
        assert region_code_for_number(number) == organization.country


def test_no_number_belongs_to_two_organizations() -> None:
    numbers = [each.number for organization in sample_organizations() for each in organization.numbers]

    assert len(set(numbers)) == len(numbers)


@EVERY_ORGANIZATION
def test_every_planned_call_of_an_organization_finds_a_rate(organization: SampleOrganization) -> None:
    rates = rates_by_prefix(sample_rate_rows(organization.currency))

    for call in islice(planned_calls([organization.caller()], seed=SEED, start_hour=START_HOUR), 2_000):
        assert longest_prefix(rates, call.service.value, call.callee) is not None


def test_bought_amounts_are_at_least_the_minimum_top_up() -> None:
    for organization in sample_organizations():
        bought = list(organization.top_up_micros)
        if organization.auto_recharge:
            bought.append(organization.auto_recharge.recharge_amount_micros)
            assert organization.auto_recharge.monthly_cap_micros >= organization.auto_recharge.recharge_amount_micros
        assert all(amount_micros >= 50_000_000 for amount_micros in bought)


def test_one_promotional_lot_expires_within_the_first_minute() -> None:
    seconds = [each.expires_after_seconds for one in sample_organizations() for each in one.promotions]

    assert sum(each < 60 for each in seconds) == 1


def test_one_organization_has_auto_recharge_off_and_funds_for_minutes_only() -> None:
    without = [each for each in sample_organizations() if each.auto_recharge is None]

    assert [each.country for each in without] == ["DE"]
    assert sum(each.amount_micros for each in without[0].promotions) <= 5_000_000
