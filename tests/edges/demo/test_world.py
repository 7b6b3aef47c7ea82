"""The sample organizations are consistent, recognisable as samples, and can be called by the sample deck."""

from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from phonenumbers import is_valid_number, parse, region_code_for_number

from commcredits.core.commands import Service
from commcredits.core.licensing import refuse_licences
from commcredits.core.pools import minutes_per_licence
from commcredits.core.roster import Licence, NumberPurpose, PartyKind
from commcredits.edges.demo.call_plans import planned_calls
from commcredits.edges.demo.sample_rates import sample_rate_rows
from commcredits.edges.demo.samples import SampleNumberKind, SampleOrganization
from commcredits.edges.demo.staffing import people_csv
from commcredits.edges.demo.world import (
    SEED,
    START_HOUR,
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
def test_an_organization_has_valid_numbers_of_its_country_of_every_kind(organization: SampleOrganization) -> None:
    assert {each.kind for each in organization.numbers} == set(SampleNumberKind)
    for each in organization.numbers:
        number = parse(each.number)
        assert is_valid_number(number)
        assert region_code_for_number(number) == organization.country


def test_no_number_belongs_to_two_organizations() -> None:
    numbers = [each.number for organization in sample_organizations() for each in organization.numbers]

    assert len(set(numbers)) == len(numbers)


@EVERY_ORGANIZATION
def test_every_planned_call_of_an_organization_finds_a_rate_or_is_included(organization: SampleOrganization) -> None:
    rates = rates_by_prefix(sample_rate_rows(organization.currency))

    for call in islice(planned_calls([organization.caller()], seed=SEED, start_hour=START_HOUR), 2_000):
        included = call.service is Service.TOLL_IN
        assert included or longest_prefix(rates, call.service.value, call.callee) is not None


@EVERY_ORGANIZATION
def test_nobody_has_licences_that_do_not_go_together(organization: SampleOrganization) -> None:
    for party in organization.parties:
        assert refuse_licences(party.kind, organization.country, frozenset(party.licences)) is None


def test_the_organizations_have_licences_of_every_kind_but_one_size() -> None:
    assigned = {licence for each in sample_organizations() for party in each.parties for licence in party.licences}

    assert assigned == set(Licence) - {Licence.DOMESTIC_240}


@EVERY_ORGANIZATION
def test_numbers_serve_people_who_are_there(organization: SampleOrganization) -> None:
    kinds = {party.user_principal_name: party.kind for party in organization.parties}

    assert len(kinds) == len(organization.parties)
    for number in organization.numbers:
        if number.purpose is NumberPurpose.CONFERENCE_BRIDGE:
            assert not number.user
        else:
            assert (kinds[number.user] is PartyKind.USER) == (number.purpose is NumberPurpose.PERSON)


@EVERY_ORGANIZATION
def test_calls_are_of_the_organizations_own_numbers_and_people(organization: SampleOrganization) -> None:
    own = {number.number for number in organization.numbers}
    names = {party.user_principal_name for party in organization.parties}

    for call in islice(planned_calls([organization.caller()], seed=SEED, start_hour=START_HOUR), 2_000):
        assert (call.callee if call.service in {Service.TOLL_IN, Service.TOLL_FREE_IN} else call.caller) in own
        assert call.user in {*names, ""}
        # The bridge belongs to nobody, so a conference names its organizer.
        assert bool(call.user) == (call.service is Service.CONFERENCE_DIAL_OUT)


@EVERY_ORGANIZATION
def test_earlier_calls_leave_somebody_some_minutes_of_a_plan_of_one_users_own(organization: SampleOrganization) -> None:
    licences = {party.user_principal_name: party.licences for party in organization.parties}
    users = {number.number: number.user for number in organization.numbers}

    for history in organization.history:
        assert Licence.DOMESTIC_120_UNPOOLED in licences[users[history.caller]]
        assert 100 < history.minutes < minutes_per_licence(Licence.DOMESTIC_120_UNPOOLED, organization.country)


@EVERY_ORGANIZATION
def test_capped_departments_have_people(organization: SampleOrganization) -> None:
    departments = {party.department for party in organization.parties}

    assert set(organization.rules.department_monthly_max_micros) <= departments - {""}


def test_the_file_of_people_names_each_with_licences_and_number() -> None:
    romania = sample_organizations()[0]

    assert people_csv(romania).decode().splitlines()[:2] == [
        "user_principal_name,display_name,usage_location,department,licences,numbers,kind",
        "receptie@carpati.example,Recepție,RO,Administrativ,MCOPSTN8;MCOPSTNC,+40211234501,user",
    ]
    assert romania.licences() == {
        Licence.DOMESTIC_120_UNPOOLED: 1,
        Licence.DOMESTIC_AND_INTERNATIONAL: 1,
        Licence.PAY_AS_YOU_GO_1: 1,
        Licence.AUDIO_CONFERENCING: 1,
    }


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
