"""Which licences go together, and that never more are assigned than were bought, whatever the countries."""

from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.licensing import (
    CALLING_PLANS,
    CONFERENCING,
    LicenceStock,
    recount,
    refuse_licences,
    refuse_shortage,
    shortages,
    stock_of,
)
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, Party, PartyKind

USER, RESOURCE_ACCOUNT = PartyKind.USER, PartyKind.RESOURCE_ACCOUNT
PLAN, OTHER_PLAN = Licence.DOMESTIC_120, Licence.DOMESTIC_AND_INTERNATIONAL
PAY_AS_YOU_GO = Licence.PAY_AS_YOU_GO_1
CONFERENCES, PER_MINUTE = Licence.AUDIO_CONFERENCING, Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE
EXTENDED, CREDITS = Licence.EXTENDED_DIAL_OUT, Licence.COMMUNICATIONS_CREDITS

counts = st.dictionaries(
    st.tuples(st.sampled_from([PLAN.value, CONFERENCES.value, CREDITS.value]), st.sampled_from(["", "GB", "RO", "US"])),
    st.integers(min_value=0, max_value=5),
)


def conflict(licence: Licence, **why: str) -> Refused:
    return Refused(code=RefusalCode.LICENCE_CONFLICT, facts={"licence": licence.value, **why})


def test_nobody_holds_two_calling_plans() -> None:
    assert refuse_licences(USER, "RO", {PLAN, OTHER_PLAN}) == conflict(OTHER_PLAN, held_beside=PLAN)
    for one in CALLING_PLANS:
        assert refuse_licences(USER, "RO", {one, CREDITS}) is None
        for other in CALLING_PLANS - {one}:
            assert refuse_licences(USER, "RO", {one, other}) is not None


def test_conferences_are_included_or_paid_by_the_minute_and_never_both() -> None:
    assert refuse_licences(USER, "", {CONFERENCES}) is None
    assert refuse_licences(USER, "", {PER_MINUTE}) is None
    assert refuse_licences(USER, "", {CONFERENCES, PER_MINUTE}) == conflict(PER_MINUTE, held_beside=CONFERENCES)


def test_extended_dial_out_needs_audio_conferencing() -> None:
    assert refuse_licences(USER, "", {EXTENDED, CONFERENCES}) is None
    assert refuse_licences(USER, "", {EXTENDED}) == conflict(EXTENDED, held_without=CONFERENCES)
    assert refuse_licences(USER, "", {EXTENDED, PER_MINUTE}) == conflict(EXTENDED, held_without=CONFERENCES)


def test_a_resource_account_calls_but_organizes_no_conferences() -> None:
    assert refuse_licences(RESOURCE_ACCOUNT, "RO", {PAY_AS_YOU_GO, CREDITS}) is None
    for licence in {*CONFERENCING, EXTENDED}:
        assert refuse_licences(RESOURCE_ACCOUNT, "RO", {licence}) == conflict(licence, held_by=RESOURCE_ACCOUNT)


def test_a_calling_plan_needs_a_usage_location_and_nothing_else_does() -> None:
    for plan in CALLING_PLANS:
        refused = refuse_licences(USER, "", {plan})
        assert refused is not None
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "usage_location")
    assert refuse_licences(USER, "", {CONFERENCES, EXTENDED, CREDITS}) is None
    assert refuse_licences(USER, "", frozenset()) is None


def test_licences_of_a_country_go_first_and_the_rest_is_taken_from_those_of_no_country() -> None:
    assigned = {(PLAN.value, "RO"): 7, (PLAN.value, "GB"): 1, (CONFERENCES.value, ""): 2, (CREDITS.value, "RO"): 9}
    bought = {(PLAN.value, "RO"): 5, (PLAN.value, ""): 4, (PLAN.value, "US"): 3, (CONFERENCES.value, ""): 2}
    assert stock_of(assigned, bought) == (
        LicenceStock(licence=PLAN, country="", purchased=4, assigned=3),
        LicenceStock(licence=PLAN, country="RO", purchased=5, assigned=5),
        LicenceStock(licence=PLAN, country="US", purchased=3, assigned=0),
        LicenceStock(licence=CONFERENCES, country="", purchased=2, assigned=2),
        LicenceStock(licence=CREDITS, country="", purchased=None, assigned=9),
    )
    assert shortages(assigned, bought) == ()


def test_licences_bought_for_another_country_are_no_help() -> None:
    bought = {(PLAN.value, "GB"): 10}
    refused = refuse_shortage({}, {(PLAN.value, "RO"): 1, (PLAN.value, "GB"): 9}, bought)
    facts: dict[str, str | int] = {"licence": PLAN.value, "purchased": 0, "assigned": 0, "needed": 1}
    assert refused == Refused(code=RefusalCode.LICENCE_NOT_AVAILABLE, facts=facts)


def test_a_refusal_counts_where_licences_are_short_and_nowhere_else() -> None:
    before = {(PLAN.value, "RO"): 7, (PLAN.value, "GB"): 1}
    bought = {(PLAN.value, "RO"): 5, (PLAN.value, "GB"): 3, (PLAN.value, ""): 2}
    assert refuse_shortage(before, before, bought) is None
    refused = refuse_shortage(before, {**before, (PLAN.value, "RO"): 8}, bought)
    facts: dict[str, str | int] = {"licence": PLAN.value, "purchased": 7, "assigned": 7, "needed": 8}
    assert refused == Refused(code=RefusalCode.LICENCE_NOT_AVAILABLE, facts=facts)


def party(usage_location: str, *licences: Licence) -> Party:
    return Party(
        party_id="",
        kind=USER,
        user_principal_name="",
        display_name="",
        usage_location=usage_location,
        licences=frozenset(licences),
    )


def test_counts_follow_people_who_come_move_and_give_licences_back() -> None:
    counted = {(PLAN.value, "RO"): 3, (CREDITS.value, "RO"): 1}
    before = [party("RO", PLAN), party("RO", PLAN, CREDITS)]
    after = [party("GB", PLAN), party("RO", OTHER_PLAN), party("GB", PLAN)]
    assert recount(counted, before, after) == {
        (PLAN.value, "RO"): 1,
        (PLAN.value, "GB"): 2,
        (OTHER_PLAN.value, "RO"): 1,
    }
    assert recount(counted, [], []) == counted


@given(assigned=counts, bought=counts)
def test_stock_is_short_exactly_when_somebody_would_go_without(
    assigned: dict[tuple[str, str], int], bought: dict[tuple[str, str], int]
) -> None:
    short = {each.licence for each in shortages(assigned, bought)}
    for licence in (PLAN, CONFERENCES):
        general = bought.get((licence.value, ""), 0)
        for country in ("GB", "RO", "US"):
            general -= max(0, assigned.get((licence.value, country), 0) - bought.get((licence.value, country), 0))
        assert (licence in short) == (general < assigned.get((licence.value, ""), 0))
    assert CREDITS not in short
    for each in shortages(assigned, bought):
        assert each.needed > each.purchased


@given(assigned=counts, bought=counts)
def test_every_assigned_licence_is_counted_in_one_stock(
    assigned: dict[tuple[str, str], int], bought: dict[tuple[str, str], int]
) -> None:
    listed = stock_of(assigned, bought)
    assert sum(each.assigned for each in listed) == sum(assigned.values())
    assert len({(each.licence, each.country) for each in listed}) == len(listed)
    for each in listed:
        if each.purchased is not None:
            assert each.purchased == bought.get((each.licence, each.country), 0)
