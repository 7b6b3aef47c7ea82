"""Policies, blocks and limits: whom a rule stops, and what the refusal says would change it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product

import pytest
from msgspec.structs import replace

from commcredits.core.account import Booking
from commcredits.core.commands import CallType, Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.plans import Destination, Situation
from commcredits.core.policies import Binding, LimitKind, bindings_of, refuse_blocked, refuse_dial_out, refuse_policy
from commcredits.core.roster import (
    Block,
    BlockedKind,
    BlockReason,
    ConferenceDialOut,
    DialOutPolicy,
    Limits,
    NumberKind,
    Party,
    PartyKind,
    Roster,
    UserDialOut,
)

PARTY = "0199b0c4-0000-7000-8000-000000000001"
SALES = Party(
    party_id=PARTY,
    kind=PartyKind.USER,
    user_principal_name="sales1@example.com",
    display_name="Sales 1",
    usage_location="RO",
    department="Sales",
)
FRONT_DESK = replace(SALES, kind=PartyKind.RESOURCE_ACCOUNT, display_name="Front desk")
NO_RULES = Roster(version=1)
AT = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
"""Half past midnight on the 23rd in Bucharest."""

# Where an organizer or a user in Romania calls to, and which cells let the call pass.
CONFERENCE_GRID = {
    ConferenceDialOut.ANY: {"RO", "DE", "KE"},
    ConferenceDialOut.SAME_COUNTRY: {"RO"},
    ConferenceDialOut.ZONE_A: {"RO", "DE"},
    ConferenceDialOut.NONE: set[str](),
}
USER_GRID = {
    UserDialOut.INTERNATIONAL_AND_DOMESTIC: {"RO", "DE", "KE"},
    UserDialOut.DOMESTIC: {"RO"},
    UserDialOut.NONE: set[str](),
}


def call(call_type: CallType, destination: Destination = Destination.DOMESTIC) -> Situation:
    return Situation(call_type=call_type, destination=destination)


def refused(
    roster: Roster, party: Party | None, situation: Situation, country: str, *, location: str | None = None
) -> Refused | None:
    home = (party.usage_location if party else "RO") if location is None else location
    return refuse_policy(roster, party, situation, home, country, "RO")


@pytest.mark.parametrize(
    ("conference", "user", "country"), list(product(ConferenceDialOut, UserDialOut, ("RO", "DE", "KE")))
)
def test_each_cell_of_the_grid_stops_what_it_names_and_an_emergency_never(
    conference: ConferenceDialOut, user: UserDialOut, country: str
) -> None:
    policy = DialOutPolicy(conference=conference, user=user)
    by_conference = refuse_dial_out(policy, CallType.CONF_OUT, "RO", country)
    assert (by_conference is None) is (country in CONFERENCE_GRID[conference])
    for call_type in (CallType.USER_OUT, CallType.USER_OUT_TRANSFER, CallType.USER_OUT_CONF, CallType.UCAP_OUT):
        by_user = refuse_dial_out(policy, call_type, "RO", country)
        assert (by_user is None) is (country in USER_GRID[user])
    assert refuse_dial_out(policy, CallType.EMERGENCY_OUT, "RO", country) is None
    for roster, party in product((NO_RULES, Roster(version=1, dial_out=policy)), (None, SALES)):
        emergency = call(CallType.EMERGENCY_OUT, Destination.PREMIUM)
        assert refused(roster, party and replace(party, dial_out=policy), emergency, country) is None


@pytest.mark.parametrize(
    ("location", "country", "domestic"),
    [
        ("US", "US", True),
        ("US", "CA", False),
        ("CA", "US", False),
        ("US", "PR", True),
        ("PR", "US", True),
        ("PR", "CA", False),
        ("RO", "", False),
        ("", "RO", False),
        ("", "", False),
    ],
)
def test_domestic_for_a_policy_is_the_users_own_country_alone(*, location: str, country: str, domestic: bool) -> None:
    policy = DialOutPolicy(conference=ConferenceDialOut.SAME_COUNTRY, user=UserDialOut.DOMESTIC)
    for call_type in (CallType.USER_OUT, CallType.CONF_OUT):
        assert (refuse_dial_out(policy, call_type, location, country) is None) is domestic


def test_zone_a_and_any_destination_ask_for_no_usage_location() -> None:
    zone_a = DialOutPolicy(conference=ConferenceDialOut.ZONE_A)
    assert refuse_dial_out(zone_a, CallType.CONF_OUT, "", "DE") is None
    assert refuse_dial_out(DialOutPolicy(), CallType.USER_OUT, "", "KE") is None


def test_a_refusal_by_a_policy_names_its_cell_and_the_cells_that_would_let_the_call_pass() -> None:
    roster = Roster(version=1, dial_out=DialOutPolicy(conference=ConferenceDialOut.SAME_COUNTRY))
    answer = refused(roster, SALES, call(CallType.CONF_OUT, Destination.INTERNATIONAL), "DE")
    assert answer == Refused(
        code=RefusalCode.DIAL_OUT_NOT_ALLOWED,
        facts={
            "axis": "conference",
            "policy": "same_country",
            "allowed_by": "any, zone_a",
            "usage_location": "RO",
            "destination_country": "DE",
            "rule_of": "organization",
            "user": "sales1@example.com",
        },
    )


def test_a_users_own_policy_wins_over_the_organizations_either_way() -> None:
    open_, closed = DialOutPolicy(), DialOutPolicy(user=UserDialOut.NONE)
    abroad = call(CallType.USER_OUT, Destination.INTERNATIONAL)
    assert refused(Roster(version=1, dial_out=closed), replace(SALES, dial_out=open_), abroad, "DE") is None
    answer = refused(Roster(version=1, dial_out=open_), replace(SALES, dial_out=closed), abroad, "DE")
    assert answer is not None
    assert (answer.facts["rule_of"], answer.facts["policy"]) == ("user", "none")


def test_a_call_of_nobodys_is_bound_by_the_organizations_policy_in_the_organizations_country() -> None:
    roster = Roster(version=1, dial_out=DialOutPolicy(user=UserDialOut.DOMESTIC))
    assert refused(roster, None, call(CallType.USER_OUT), "RO", location="") is None
    answer = refused(roster, None, call(CallType.USER_OUT, Destination.INTERNATIONAL), "DE", location="")
    assert answer is not None
    assert "user" not in answer.facts
    assert answer.facts["usage_location"] == "RO"


def test_calls_that_come_in_and_an_own_carriers_calls_are_under_no_dial_out_policy() -> None:
    roster = Roster(version=1, dial_out=DialOutPolicy(conference=ConferenceDialOut.NONE, user=UserDialOut.NONE))
    for call_type in (CallType.USER_IN, CallType.CONF_IN, CallType.UCAP_IN, CallType.UNASSIGNED_IN):
        assert refused(roster, SALES, call(call_type, Destination.NONE), "DE") is None
    for call_type in (CallType.DR_IN, CallType.DR_OUT):
        assert refused(roster, SALES, call(call_type), "DE") is None


@pytest.mark.parametrize(
    ("organization", "own", "allowed"),
    [(False, None, False), (True, None, True), (False, True, True), (True, False, False)],
)
def test_premium_numbers_are_off_until_allowed_and_a_users_own_setting_wins(
    *, organization: bool, own: bool | None, allowed: bool
) -> None:
    roster = Roster(version=1, premium_allowed=organization)
    party = replace(SALES, premium_allowed=own)
    for call_type in (CallType.USER_OUT, CallType.USER_OUT_FORWARDING, CallType.CONF_OUT, CallType.UCAP_OUT):
        answer = refused(roster, party, call(call_type, Destination.PREMIUM), "RO")
        assert (answer is None) is allowed
        if answer is not None:
            assert answer.code is RefusalCode.PREMIUM_NOT_ALLOWED
            assert answer.facts["rule_of"] == ("organization" if own is None else "user")
            assert answer.facts["setting"] == "premium_allowed"


def test_an_allowed_premium_number_abroad_still_goes_by_the_dial_out_policy() -> None:
    roster = Roster(version=1, premium_allowed=True, dial_out=DialOutPolicy(user=UserDialOut.DOMESTIC))
    answer = refused(roster, SALES, call(CallType.USER_OUT, Destination.PREMIUM), "DE")
    assert answer is not None
    assert answer.code is RefusalCode.DIAL_OUT_NOT_ALLOWED


def test_premium_is_off_by_default_also_for_calls_of_nobodys() -> None:
    answer = refused(NO_RULES, None, call(CallType.USER_OUT, Destination.PREMIUM), "RO")
    assert answer is not None
    assert answer.code is RefusalCode.PREMIUM_NOT_ALLOWED


def test_toll_free_can_be_switched_off_for_one_organizer() -> None:
    toll_free = Situation(call_type=CallType.CONF_IN, number_kind=NumberKind.TOLL_FREE)
    toll = Situation(call_type=CallType.CONF_IN, number_kind=NumberKind.TOLL)
    off = replace(SALES, toll_free_allowed=False)
    answer = refused(NO_RULES, off, toll_free, "")
    assert answer is not None
    assert answer.code is RefusalCode.TOLL_FREE_NOT_ALLOWED
    assert answer.facts["user"] == "sales1@example.com"
    assert refused(NO_RULES, off, toll, "") is None
    assert refused(NO_RULES, SALES, toll_free, "") is None
    assert refused(NO_RULES, None, toll_free, "") is None


def block(kind: BlockedKind, subject: str, reason: BlockReason) -> Block:
    return Block(
        block_id="0199b0c4-0000-7000-8000-00000000000b",
        kind=kind,
        subject=subject,
        reason=reason,
        limit_micros=50_000_000,
        spent_micros=49_800_000,
        blocked_at=AT,
    )


def test_a_blocked_users_calls_are_refused_and_the_reason_is_said() -> None:
    blocks = (block(BlockedKind.USER, PARTY, BlockReason.SPEND_VELOCITY),)
    assert refuse_blocked(blocks, PARTY, "DE", CallType.USER_OUT) == Refused(
        code=RefusalCode.BLOCKED,
        facts={
            "block_id": "0199b0c4-0000-7000-8000-00000000000b",
            "blocked": "user",
            "subject": PARTY,
            "reason": "spend_velocity",
            "limit_micros": 50_000_000,
            "spent_micros": 49_800_000,
            "since": "2026-11-22T22:30:00Z",
        },
    )
    assert refuse_blocked(blocks, "somebody else", "DE", CallType.USER_OUT) is None
    assert refuse_blocked(blocks, "", "DE", CallType.USER_OUT) is None
    assert refuse_blocked(blocks, PARTY, "DE", CallType.EMERGENCY_OUT) is None
    assert refuse_blocked((replace(blocks[0], lifted_at=AT),), PARTY, "DE", CallType.USER_OUT) is None


@pytest.mark.parametrize(
    ("subject", "country", "call_type", "stopped"),
    [
        ("LV", "LV", CallType.USER_OUT, True),
        ("LV", "LV", CallType.CONF_OUT, True),
        ("LV", "LT", CallType.USER_OUT, False),
        ("LV", "LV", CallType.CONF_IN, False),
        ("ZZ", "", CallType.USER_OUT, True),
        ("ZZ", "", CallType.UCAP_IN, False),
        ("LV", "", CallType.USER_OUT, False),
    ],
)
def test_a_blocked_destination_stops_calls_to_it_and_none_from_there(
    *, subject: str, country: str, call_type: CallType, stopped: bool
) -> None:
    blocks = (block(BlockedKind.DESTINATION, subject, BlockReason.DESTINATION_ANOMALY),)
    assert (refuse_blocked(blocks, PARTY, country, call_type) is not None) is stopped


def bindings(
    limits: Limits,
    party: Party | None = SALES,
    *,
    country: str = "DE",
    service: Service = Service.OUTBOUND,
    usual: Mapping[str, int] | None = None,
) -> tuple[Binding, ...]:
    booking = Booking(
        row=2,
        call_type=CallType.EMERGENCY_OUT if service is Service.EMERGENCY else CallType.USER_OUT,
        party_id=party.party_id if party else "",
        department=party.department if party else "",
        other_country=country,
    )
    return bindings_of(
        Roster(version=1, limits=limits, usual_daily_micros=usual or {}),
        party,
        booking,
        organization_country="RO",
        service=service,
        caller="+4930123456",
        at=AT,
        time_zone="Europe/Bucharest",
    )


def money(key: str, period: str, limit: int) -> Binding:
    return Binding(key=key, period=period, limit=limit, kind=LimitKind.MICROS)


EVERY_LIMIT = Limits(
    calls_max=100,
    user_calls_max=2,
    user_monthly_max_micros=20_000_000,
    department_monthly_max_micros={"Sales": 90_000_000, "Finance": 1},
    user_hourly_max_micros=5_000_000,
    destination_daily_max_micros=10_000_000,
    toll_free_caller_daily_max_micros=1_000_000,
)


def test_an_organization_without_limits_binds_nothing() -> None:
    assert bindings(Limits()) == ()
    assert bindings(Limits(), service=Service.TOLL_FREE_IN) == ()


def test_each_limit_names_its_meter_in_the_organizations_own_time() -> None:
    velocity = money(f"velocity:user:{PARTY}", "2026-11-23T00", 5_000_000)
    destination = money("destination:DE", "2026-11-23", 10_000_000)
    assert bindings(EVERY_LIMIT) == (
        Binding(key="calls", period="", limit=100, kind=LimitKind.CALLS),
        Binding(key=f"calls:user:{PARTY}", period="", limit=2, kind=LimitKind.CALLS),
        money(f"cap:user:{PARTY}", "2026-11", 20_000_000),
        replace(velocity, blocks=BlockReason.SPEND_VELOCITY, subject=PARTY),
        money("cap:department:Sales", "2026-11", 90_000_000),
        replace(destination, blocks=BlockReason.DESTINATION_ANOMALY, subject="DE"),
    )


def test_no_limit_binds_an_emergency() -> None:
    assert bindings(EVERY_LIMIT, service=Service.EMERGENCY) == ()


def test_a_users_own_cap_takes_the_place_of_the_organizations_even_when_it_is_zero() -> None:
    for cap in (0, 50_000_000):
        found = bindings(Limits(user_monthly_max_micros=20_000_000), replace(SALES, monthly_cap_micros=cap))
        assert found == (money(f"cap:user:{PARTY}", "2026-11", cap),)


def test_a_resource_account_is_bound_by_its_own_cap_and_by_no_limit_for_users() -> None:
    limits = replace(EVERY_LIMIT, calls_max=None, department_monthly_max_micros={}, destination_daily_max_micros=None)
    assert bindings(limits, FRONT_DESK) == ()
    found = bindings(limits, replace(FRONT_DESK, monthly_cap_micros=7_000_000))
    assert found == (money(f"cap:user:{PARTY}", "2026-11", 7_000_000),)


def test_a_call_of_nobodys_is_bound_by_the_limits_of_the_whole_organization() -> None:
    assert [binding.key for binding in bindings(EVERY_LIMIT, None)] == ["calls", "destination:DE"]


@pytest.mark.parametrize(
    ("usual", "limit"),
    [(0, 10_000_000), (3_000_000, 10_000_000), (4_000_000, 12_000_000)],
)
def test_a_destination_is_blocked_beyond_what_is_usual_three_times_over(usual: int, limit: int) -> None:
    (found,) = bindings(Limits(destination_daily_max_micros=10_000_000), usual={"DE": usual, "FR": 99_000_000})
    assert found.limit == limit


@pytest.mark.parametrize(
    ("country", "service", "subject"),
    [
        ("RO", Service.OUTBOUND, None),
        ("DE", Service.CONFERENCE_DIAL_OUT, "DE"),
        ("", Service.OUTBOUND, "ZZ"),
        ("DE", Service.TOLL_FREE_IN, None),
        ("DE", Service.TOLL_IN, None),
    ],
)
def test_a_destination_is_another_country_that_is_called(country: str, service: Service, subject: str | None) -> None:
    found = bindings(Limits(destination_daily_max_micros=1), country=country, service=service)
    assert [binding.subject for binding in found] == ([] if subject is None else [subject])


def test_one_outside_caller_on_toll_free_numbers_is_capped_by_the_day() -> None:
    found = bindings(Limits(toll_free_caller_daily_max_micros=1_000_000), FRONT_DESK, service=Service.TOLL_FREE_IN)
    assert found == (money("caller:+4930123456", "2026-11-23", 1_000_000),)
    assert bindings(Limits(toll_free_caller_daily_max_micros=1_000_000), FRONT_DESK, service=Service.TOLL_IN) == ()
