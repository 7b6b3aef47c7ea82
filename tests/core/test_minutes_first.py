"""Included minutes first, then credits, then a refusal that says why (domain.md §4 and §5)."""

from datetime import UTC, datetime

from msgspec.structs import replace

from commcredits.core.commands import CallType, Service
from commcredits.core.outcomes import Ended, RefusalCode
from commcredits.core.roster import (
    CallsWithoutUser,
    Licence,
    Limits,
    PartyKind,
    Roster,
)
from tests.core.audit_people import audit_people
from tests.core.books import books, rate, units
from tests.core.people import (
    BRITISH,
    DOMESTIC,
    POOL,
    PREMIUM,
    QUEUE,
    QUEUE_NUMBER,
    SALES,
    SALES_NUMBER,
    SUPPORT,
    SUPPORT_NUMBER,
    granted,
    office,
    people,
    refused,
    use_up,
    user,
)

CREDITS = Licence.COMMUNICATIONS_CREDITS


def test_a_domestic_call_holds_minutes_and_no_money() -> None:
    account = office(Licence.DOMESTIC_120)
    grant = granted(account.authorise(caller=SALES_NUMBER, callee=DOMESTIC, slice_seconds=90))
    assert (grant.granted_seconds, grant.included_seconds, grant.held_micros) == (120, 120, 0)
    assert account.meters[POOL].held == 2
    audit_people(account)


def test_pools_count_started_minutes() -> None:
    account = office(Licence.DOMESTIC_120)
    account.authorise(caller=SALES_NUMBER, callee=DOMESTIC)
    assert account.end(61) == Ended(duration_seconds=61, charged_micros=0, currency="EUR", pool_minutes=2)
    assert (account.meters[POOL].used, account.meters[POOL].held) == (2, 0)


def test_a_call_that_outlives_its_pool_splits_within_one_grant() -> None:
    account = office(Licence.DOMESTIC_120, CREDITS)
    use_up(account, 117)
    grant = granted(account.authorise(caller=SALES_NUMBER, callee=DOMESTIC, slice_seconds=300))
    assert (grant.included_seconds, grant.granted_seconds, grant.final) == (180, 300, False)
    assert grant.held_micros == units("0.12")
    ended = account.end(200)
    assert ended == Ended(duration_seconds=200, charged_micros=units("0.06"), currency="EUR", pool_minutes=3)
    audit_people(account)


def test_the_part_paid_by_credits_begins_with_its_own_first_increment_and_connection_fee() -> None:
    account = people(
        books(rate(prefix="40", per_minute="0.60", fee="0.05", increments=(30, 6)), balance="10"),
        user(SALES, Licence.DOMESTIC_120, CREDITS),
    )
    use_up(account, 119)
    account.authorise(caller=SALES_NUMBER, callee=DOMESTIC)
    assert account.end(61) == Ended(duration_seconds=61, charged_micros=units("0.35"), currency="EUR", pool_minutes=1)


def test_without_the_licence_for_credits_the_call_ends_with_its_pool() -> None:
    account = office(Licence.DOMESTIC_120)
    use_up(account, 119)
    grant = granted(account.authorise(caller=SALES_NUMBER, callee=DOMESTIC))
    assert (grant.granted_seconds, grant.final) == (60, True)
    account.update(1, 50)
    assert account.call.granted_seconds == 60
    refusal = refused(account.authorise("call-2", caller=SALES_NUMBER, callee=DOMESTIC))
    assert refusal.code is RefusalCode.CREDITS_NOT_LICENSED
    assert refusal.facts["pool_minutes"] == 120
    assert refusal.facts["pool_minutes_used"] == 120
    assert refusal.facts["licence"] == "MCOPSTNC"


def test_an_empty_pool_says_since_when() -> None:
    account = office(Licence.DOMESTIC_120)
    use_up(account, 118)
    account.authorise(caller=SALES_NUMBER, callee=DOMESTIC)
    emptied_at = account.now
    account.wait(minutes=2)
    refusal = refused(account.authorise("call-2", caller=SALES_NUMBER, callee=DOMESTIC))
    assert refusal.facts["pool_empty_since"] == emptied_at.isoformat().replace("+00:00", "Z")
    account.end(0)
    assert account.meters[POOL].reached_at is None


def test_a_pool_is_shared_and_never_over_held() -> None:
    account = office(Licence.DOMESTIC_120, CREDITS, balance="0")
    use_up(account, 115)
    grants = [
        granted(account.authorise(f"call-{number}", caller=SALES_NUMBER, callee=DOMESTIC, slice_seconds=180))
        for number in range(2)
    ]
    assert [grant.included_seconds for grant in grants] == [180, 120]
    assert refused(account.authorise("call-9", caller=SALES_NUMBER, callee=DOMESTIC)).code is (
        RefusalCode.INSUFFICIENT_FUNDS
    )
    audit_people(account)


def test_once_over_to_credits_a_call_stays_there_though_the_pool_grows() -> None:
    account = office(Licence.DOMESTIC_120, CREDITS)
    use_up(account, 119)
    account.authorise(caller=SALES_NUMBER, callee=DOMESTIC, slice_seconds=120)
    use_up(account, 0)
    account.meters[POOL] = replace(account.meters[POOL], held=1)
    account.wait(seconds=120)
    grant = granted(account.update(1, 120, slice_seconds=120))
    assert (grant.included_seconds, grant.granted_seconds) == (60, 240)


def test_a_month_that_ends_in_mid_call_leaves_the_call_in_the_pool_of_the_month_it_began_in() -> None:
    account = office(Licence.DOMESTIC_120)
    account.now = datetime(2026, 11, 30, 23, 58, tzinfo=UTC)
    account.authorise(caller=SALES_NUMBER, callee=DOMESTIC, slice_seconds=120)
    account.wait(seconds=121)
    account.update(1, 120, slice_seconds=120)
    account.end(240)
    assert account.meters[POOL].used == 4
    assert ("pool:MCOPSTN5:RO", "2026-12") not in account.meters


def test_a_licence_taken_away_in_mid_month_shrinks_the_pool_at_once_and_leaves_what_was_granted() -> None:
    account = office(Licence.DOMESTIC_120, CREDITS)
    account.authorise(caller=SALES_NUMBER, callee=DOMESTIC, slice_seconds=120)
    roster = account.account.roster
    assert roster is not None
    account.account = replace(account.account, roster=replace(roster, assigned={}))
    account.wait(seconds=120)
    grant = granted(account.update(1, 120, slice_seconds=60))
    assert (grant.included_seconds, grant.granted_seconds, grant.held_micros) == (120, 180, units("0.06"))


def test_a_user_without_a_location_has_no_minutes() -> None:
    account = office(Licence.DOMESTIC_120, CREDITS, location="")
    grant = granted(account.authorise(caller=SALES_NUMBER, callee=DOMESTIC, slice_seconds=60))
    assert (grant.included_seconds, grant.held_micros) == (0, units("0.06"))


def test_international_calls_of_a_domestic_plan_are_paid_by_credits_from_the_first_minute() -> None:
    account = office(Licence.DOMESTIC_120, CREDITS)
    grant = granted(account.authorise(caller=SALES_NUMBER, callee=BRITISH, slice_seconds=60))
    assert (grant.included_seconds, grant.held_micros) == (0, units("0.60"))


def test_the_strict_reading_lets_an_empty_sub_pool_stop_the_other() -> None:
    account = office(Licence.DOMESTIC_AND_INTERNATIONAL, CREDITS)
    use_up(account, 600, ("pool:MCOPSTN2:RO:international", "2026-11"))
    assert granted(account.authorise("call-1", caller=SALES_NUMBER, callee=DOMESTIC)).included_seconds == 300
    roster = account.account.roster
    assert roster is not None
    account.account = replace(account.account, roster=replace(roster, international_stops_both=True))
    assert granted(account.authorise("call-2", caller=SALES_NUMBER, callee=DOMESTIC)).included_seconds == 0


def test_conference_dial_out_draws_on_the_organizers_pool_of_the_whole_organization() -> None:
    account = office(Licence.AUDIO_CONFERENCING, CREDITS)
    grant = granted(
        account.authorise(
            caller="+40211239999", callee=BRITISH, service=Service.CONFERENCE_DIAL_OUT, user="a1@example.com"
        )
    )
    assert grant.included_seconds == 300
    assert account.call.terms.booking is not None
    assert account.call.terms.booking.row == 11
    assert account.meters["pool:MCOMEETADV", "2026-11"].held == 5


def test_emergency_passes_whatever_stands_against_it() -> None:
    account = office(balance="0", limits=Limits(calls_max=0, user_hourly_max_micros=0))
    grant = granted(account.authorise(caller=SALES_NUMBER, callee="112", service=Service.EMERGENCY))
    assert (grant.held_micros, grant.included_seconds) == (0, 0)
    assert account.meters == {}


def test_premium_numbers_are_refused_until_they_are_allowed() -> None:
    account = office(CREDITS)
    assert refused(account.authorise(caller=SALES_NUMBER, callee=PREMIUM)).code is RefusalCode.PREMIUM_NOT_ALLOWED
    sales = account.parties[SALES]
    assert sales is not None
    account.parties[SALES] = replace(sales, premium_allowed=True)
    granted(account.authorise("call-2", caller=SALES_NUMBER, callee=PREMIUM))


def test_a_call_of_nobody_draws_on_credits_unless_the_organization_refuses_it() -> None:
    account = office()
    grant = granted(account.authorise(caller="+40211239999", callee=BRITISH))
    assert grant.held_micros
    assert account.account.roster is not None
    account.account = replace(
        account.account, roster=replace(account.account.roster, calls_without_user=CallsWithoutUser.REFUSED)
    )
    refusal = refused(account.authorise("call-2", caller="+40211239999", callee=BRITISH))
    assert refusal.code is RefusalCode.USER_REQUIRED


def test_an_unknown_user_is_said_to_be_unknown() -> None:
    account = office()
    refusal = refused(account.authorise(caller=SALES_NUMBER, callee=BRITISH, user="nobody@example.com"))
    assert (refusal.code, refusal.facts["user"]) == (RefusalCode.UNKNOWN_USER, "nobody@example.com")


def test_toll_free_calls_to_a_queue_need_no_licence_and_are_booked_to_its_resource_account() -> None:
    account = office()
    people(
        account,
        user(SALES),
        user(SUPPORT),
        user(QUEUE, kind=PartyKind.RESOURCE_ACCOUNT),
    )
    grant = granted(account.authorise(caller="+40722000001", callee=QUEUE_NUMBER, service=Service.TOLL_FREE_IN))
    assert grant.held_micros == units("0.50")
    booking = account.call.terms.booking
    assert booking is not None
    assert (booking.row, booking.party_id, booking.call_type) == (16, QUEUE, CallType.UCAP_IN)


def test_shared_calling_is_paid_by_the_resource_accounts_plan_and_bound_by_the_users_limits() -> None:
    opened = books(rate(prefix="40", per_minute="0.06"), balance="10")
    account = people(
        opened,
        replace(user(SALES), shared_calling_account=QUEUE),
        user(SUPPORT),
        user(QUEUE, Licence.DOMESTIC_120, kind=PartyKind.RESOURCE_ACCOUNT),
        limits=Limits(user_calls_max=1),
    )
    granted(account.authorise("call-1", caller=SALES_NUMBER, callee=DOMESTIC))
    booking = account.sessions["call-1"].terms.booking
    assert booking is not None
    assert (booking.row, booking.party_id, booking.user_id) == (19, QUEUE, SALES)
    assert refused(account.authorise("call-2", caller=SALES_NUMBER, callee=DOMESTIC)).code is RefusalCode.TOO_MANY_CALLS
    granted(account.authorise("call-3", caller=SUPPORT_NUMBER, callee="+40316300001", user=QUEUE))


def test_an_own_carriers_call_is_recorded_and_costs_nothing() -> None:
    account = office(balance="0", limits=Limits(calls_max=5))
    roster = account.account.roster
    assert roster is not None
    account.account = replace(account.account, roster=replace(roster, calls_without_user=CallsWithoutUser.REFUSED))
    granted(account.authorise(caller="+40211239999", callee=BRITISH, call_type=CallType.DR_OUT))
    assert account.end(200) == Ended(duration_seconds=200, charged_micros=0, currency="EUR")


def test_a_call_type_alone_says_what_a_wallet_pays() -> None:
    account = books(rate(prefix="44"), balance="10")
    granted(account.authorise(callee="+40722000001", call_type=CallType.USER_IN))
    assert account.end(60) == Ended(duration_seconds=60, charged_micros=0, currency="EUR")


def test_sixty_euro_at_sixty_cents_in_slices_of_three_minutes() -> None:
    account = people(books(rate(prefix="44"), balance="60"), user(SALES, CREDITS), rules=Roster(version=1))
    account.authorise(caller=SALES_NUMBER, callee=BRITISH, slice_seconds=180)
    for number in range(1, 7):
        account.wait(seconds=180)
        account.update(number, number * 180, slice_seconds=180)
    account.wait(seconds=150)
    assert account.end(1230) == Ended(duration_seconds=1230, charged_micros=units("12.30"), currency="EUR")
    assert account.available_micros == units("47.70")


def test_one_cent_left_does_not_buy_a_first_increment_of_four() -> None:
    account = people(
        books(rate(prefix="44", per_minute="0.04", increments=(60, 60)), balance="0.01"), user(SALES, CREDITS)
    )
    refusal = refused(account.authorise(caller=SALES_NUMBER, callee=BRITISH))
    assert (refusal.code, refusal.facts["needed_micros"]) == (RefusalCode.INSUFFICIENT_FUNDS, units("0.04"))


def test_an_emergency_call_is_booked_to_its_user_and_to_nobody_where_nobody_is_known() -> None:
    account = office()
    account.authorise("call-1", caller=SALES_NUMBER, callee="112", service=Service.EMERGENCY)
    account.authorise(
        "call-2", caller="+40211239999", callee="112", service=Service.EMERGENCY, user="nobody@example.com"
    )
    booked = [account.sessions[session_id].terms.booking for session_id in ("call-1", "call-2")]
    assert [booking and (booking.row, booking.party_id) for booking in booked] == [(20, SALES), (20, "")]


def test_a_wallet_pays_for_whomever_a_switch_names() -> None:
    account = books(rate(prefix="44"), balance="10")
    granted(account.authorise("call-1", user="somebody@example.com"))
    granted(account.authorise("call-2", user="somebody@example.com", call_type=CallType.USER_OUT))
