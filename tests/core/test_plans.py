"""The table of who pays: every row, the cases that a document's row hides, and an answer to every question."""

from collections.abc import Iterator
from itertools import product

import pytest
from msgspec.structs import replace

from commcredits.core.commands import CallType
from commcredits.core.places import PLAN_COUNTRIES, ZONE_A
from commcredits.core.plans import (
    PLANS_BEST_FIRST,
    TABLE,
    US_AND_CANADA,
    BookedTo,
    Destination,
    Otherwise,
    Situation,
    Source,
    conferencing_of,
    destination_of,
    plan_of,
    ways_to_pay,
    who_pays,
)
from commcredits.core.roster import Licence, NumberKind

D120, D240, DOMESTIC = Licence.DOMESTIC_120, Licence.DOMESTIC_240, Licence.DOMESTIC
UNPOOLED, INTERNATIONAL = Licence.DOMESTIC_120_UNPOOLED, Licence.DOMESTIC_AND_INTERNATIONAL
PAYG_1, PAYG_2 = Licence.PAY_AS_YOU_GO_1, Licence.PAY_AS_YOU_GO_2
SUBSCRIPTION, PAY_PER_MINUTE = Licence.AUDIO_CONFERENCING, Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE

HOME, ABROAD = Destination.DOMESTIC, Destination.INTERNATIONAL
OUTSIDE, PREMIUM, UNKNOWN = Destination.OUTSIDE, Destination.PREMIUM, Destination.UNKNOWN

USER, ORGANIZER = BookedTo.USER, BookedTo.ORGANIZER
ACCOUNT, ORGANIZATION = BookedTo.RESOURCE_ACCOUNT, BookedTo.ORGANIZATION
NOTHING, REFUSE = Otherwise.NOTHING, Otherwise.REFUSE
NOT_ANSWERED, FAILS = Otherwise.NOT_ANSWERED, Otherwise.FAILS

MINUTES, MINUTES_ABROAD, CONFERENCE = Source.DOMESTIC_POOL, Source.INTERNATIONAL_POOL, Source.CONFERENCE_POOL
CREDITS = "MCOPSTNPP"


def every_situation() -> Iterator[Situation]:
    """Every combination of what the table looks at, those that cannot come about included."""
    flags = (False, True)
    for call_type, plan, conferencing, number_kind, destination in product(
        CallType, (None, *PLANS_BEST_FIRST), (None, SUBSCRIPTION, PAY_PER_MINUTE), (None, *NumberKind), Destination
    ):
        for extended, zone_a, us_or_canada, shared in product(flags, flags, flags, flags):
            yield Situation(
                call_type=call_type,
                plan=plan,
                conferencing=conferencing,
                extended_dial_out=extended,
                number_kind=number_kind,
                destination=destination,
                zone_a=zone_a,
                us_or_canada=us_or_canada,
                shared_calling=shared,
            )


def dialled(plan: Licence | None, destination: Destination, call_type: CallType = CallType.USER_OUT) -> Situation:
    return Situation(call_type=call_type, plan=plan, destination=destination)


def conference(conferencing: Licence | None, *, zone_a: bool = True, extended: bool = False) -> Situation:
    return Situation(
        call_type=CallType.CONF_OUT,
        conferencing=conferencing,
        extended_dial_out=extended,
        destination=ABROAD,
        zone_a=zone_a,
        us_or_canada=extended,
    )


def called(call_type: CallType, kind: NumberKind | None, conferencing: Licence | None = None) -> Situation:
    return Situation(call_type=call_type, number_kind=kind, conferencing=conferencing)


# Each line: the situation; the row; what pays first; whether credits come next; else; whose it is.
# fmt: off
CASES = [
    (called(CallType.USER_IN, NumberKind.USER), 1, Source.FREE, False, NOTHING, USER),
    (called(CallType.USER_IN, None), 1, Source.FREE, False, NOTHING, USER),
    (dialled(D120, HOME), 2, MINUTES, True, REFUSE, USER),
    (dialled(D240, HOME), 2, MINUTES, True, REFUSE, USER),
    (dialled(DOMESTIC, HOME), 2, MINUTES, True, REFUSE, USER),
    (dialled(UNPOOLED, HOME), 2, MINUTES, True, REFUSE, USER),
    (dialled(INTERNATIONAL, HOME), 2, MINUTES, True, REFUSE, USER),
    (dialled(D120, ABROAD), 3, None, True, REFUSE, USER),
    (dialled(D240, ABROAD), 3, None, True, REFUSE, USER),
    (dialled(DOMESTIC, ABROAD), 3, None, True, REFUSE, USER),
    (dialled(UNPOOLED, ABROAD), 3, None, True, REFUSE, USER),
    (dialled(INTERNATIONAL, ABROAD), 4, MINUTES_ABROAD, True, REFUSE, USER),
    (dialled(INTERNATIONAL, OUTSIDE), 5, None, True, REFUSE, USER),
    (dialled(INTERNATIONAL, UNKNOWN), 5, None, True, REFUSE, USER),
    (dialled(DOMESTIC, OUTSIDE), 5, None, True, REFUSE, USER),
    (dialled(DOMESTIC, UNKNOWN), 5, None, True, REFUSE, USER),
    (dialled(PAYG_1, HOME), 6, None, True, REFUSE, USER),
    (dialled(PAYG_2, ABROAD), 6, None, True, REFUSE, USER),
    (dialled(PAYG_1, OUTSIDE), 6, None, True, REFUSE, USER),
    (dialled(None, HOME), 6, None, True, REFUSE, USER),
    (dialled(DOMESTIC, HOME, CallType.USER_OUT_TRANSFER), 7, MINUTES, True, REFUSE, USER),
    (dialled(DOMESTIC, HOME, CallType.USER_OUT_FORWARDING), 7, MINUTES, True, REFUSE, USER),
    (dialled(INTERNATIONAL, ABROAD, CallType.USER_OUT_CONF), 7, MINUTES_ABROAD, True, REFUSE, USER),
    (dialled(DOMESTIC, ABROAD, CallType.USER_OUT_TRANSFER), 7, None, True, REFUSE, USER),
    (dialled(INTERNATIONAL, OUTSIDE, CallType.USER_OUT_TRANSFER), 7, None, True, REFUSE, USER),
    (dialled(PAYG_1, HOME, CallType.USER_OUT_FORWARDING), 7, None, True, REFUSE, USER),
    (dialled(INTERNATIONAL, PREMIUM), 8, None, True, REFUSE, USER),
    (dialled(PAYG_1, PREMIUM), 8, None, True, REFUSE, USER),
    (dialled(DOMESTIC, PREMIUM, CallType.USER_OUT_FORWARDING), 8, None, True, REFUSE, USER),
    (called(CallType.CONF_IN, NumberKind.TOLL, SUBSCRIPTION), 9, Source.INCLUDED, False, NOTHING, ORGANIZER),
    (called(CallType.CONF_IN, NumberKind.TOLL, None), 9, Source.INCLUDED, False, NOTHING, ORGANIZER),
    (called(CallType.CONF_IN, NumberKind.TOLL_FREE, SUBSCRIPTION), 10, None, True, NOT_ANSWERED, ORGANIZER),
    (called(CallType.CONF_IN, NumberKind.TOLL_FREE, None), 10, None, True, NOT_ANSWERED, ORGANIZER),
    (conference(SUBSCRIPTION), 11, CONFERENCE, True, REFUSE, ORGANIZER),
    (conference(SUBSCRIPTION, zone_a=False), 12, None, True, REFUSE, ORGANIZER),
    (conference(None), 12, None, True, REFUSE, ORGANIZER),
    (replace(conference(SUBSCRIPTION), destination=PREMIUM), 12, None, True, REFUSE, ORGANIZER),
    (replace(conference(SUBSCRIPTION), destination=UNKNOWN), 11, CONFERENCE, True, REFUSE, ORGANIZER),
    (conference(SUBSCRIPTION, extended=True), 13, Source.ADD_ON, False, NOTHING, ORGANIZER),
    (conference(PAY_PER_MINUTE, extended=True), 13, Source.ADD_ON, False, NOTHING, ORGANIZER),
    (conference(None, extended=True), 13, Source.ADD_ON, False, NOTHING, ORGANIZER),
    (replace(conference(SUBSCRIPTION, extended=True), us_or_canada=False), 11, CONFERENCE, True, REFUSE, ORGANIZER),
    (replace(conference(SUBSCRIPTION, extended=True), destination=PREMIUM), 12, None, True, REFUSE, ORGANIZER),
    (conference(PAY_PER_MINUTE), 14, None, True, REFUSE, ORGANIZER),
    (conference(PAY_PER_MINUTE, zone_a=False), 14, None, True, REFUSE, ORGANIZER),
    (called(CallType.CONF_IN, NumberKind.TOLL, PAY_PER_MINUTE), 14, None, True, REFUSE, ORGANIZER),
    (called(CallType.CONF_IN, NumberKind.TOLL_FREE, PAY_PER_MINUTE), 14, None, True, REFUSE, ORGANIZER),
    (called(CallType.UCAP_IN, NumberKind.TOLL), 15, Source.INCLUDED, False, NOTHING, ACCOUNT),
    (called(CallType.UCAP_IN, NumberKind.TOLL_FREE), 16, None, True, NOT_ANSWERED, ACCOUNT),
    (called(CallType.USER_IN, NumberKind.TOLL_FREE), 16, None, True, NOT_ANSWERED, ACCOUNT),
    (dialled(DOMESTIC, HOME, CallType.UCAP_OUT), 17, MINUTES, True, FAILS, ACCOUNT),
    (dialled(INTERNATIONAL, ABROAD, CallType.UCAP_OUT), 17, MINUTES_ABROAD, True, FAILS, ACCOUNT),
    (dialled(PAYG_1, HOME, CallType.UCAP_OUT), 17, None, True, FAILS, ACCOUNT),
    (dialled(None, HOME, CallType.UCAP_OUT), 17, None, True, FAILS, ACCOUNT),
    (dialled(DOMESTIC, PREMIUM, CallType.UCAP_OUT), 17, None, True, FAILS, ACCOUNT),
    (called(CallType.UNASSIGNED_IN, NumberKind.USER), 18, None, True, FAILS, ORGANIZATION),
    (called(CallType.UNASSIGNED_IN, NumberKind.TOLL_FREE), 18, None, True, FAILS, ORGANIZATION),
    (replace(dialled(PAYG_1, HOME), shared_calling=True), 19, None, True, FAILS, ACCOUNT),
    (replace(dialled(DOMESTIC, HOME), shared_calling=True), 19, MINUTES, True, FAILS, ACCOUNT),
    (replace(dialled(D120, HOME, CallType.USER_OUT_CONF), shared_calling=True), 19, MINUTES, True, FAILS, ACCOUNT),
    (replace(dialled(DOMESTIC, PREMIUM), shared_calling=True), 19, None, True, FAILS, ACCOUNT),
    (called(CallType.EMERGENCY_OUT, None), 20, Source.NEVER_CHARGED, False, NOTHING, USER),
    (dialled(None, PREMIUM, CallType.EMERGENCY_OUT), 20, Source.NEVER_CHARGED, False, NOTHING, USER),
    (called(CallType.DR_IN, None), 22, Source.OUTSIDE, False, NOTHING, USER),
    (dialled(DOMESTIC, HOME, CallType.DR_OUT), 22, Source.OUTSIDE, False, NOTHING, USER),
]
# fmt: on


@pytest.mark.parametrize(("situation", "number", "first", "by_credits", "otherwise", "booked_to"), CASES)
def test_the_table_says_who_pays(
    *,
    situation: Situation,
    number: int,
    first: Source | None,
    by_credits: bool,
    otherwise: Otherwise,
    booked_to: BookedTo,
) -> None:
    ways = ways_to_pay(situation)
    assert ways.row is who_pays(situation)
    assert (ways.row.number, ways.first, ways.credits, ways.row.otherwise, ways.row.booked_to) == (
        number, first, by_credits, otherwise, booked_to
    )  # fmt: skip


def test_every_row_that_a_situation_can_lead_to_has_a_case() -> None:
    assert {row.number for row in TABLE} - {case[1] for case in CASES} == {21}


def test_the_table_has_the_22_rows_of_the_document_once_each() -> None:
    assert sorted(row.number for row in TABLE) == list(range(1, 23))


def test_every_situation_has_exactly_one_answer_and_every_row_but_the_one_without_a_rate_gives_one() -> None:
    deciding = set()
    fitting = set()
    for situation in every_situation():
        rows = [row.number for row in TABLE if row.fits(situation)]
        assert rows, situation
        deciding.add(rows[0])
        fitting.add(tuple(rows))
    assert deciding == set(range(1, 23)) - {21}
    # Only conference dial-out needs an order: the add-on, then pay-per-minute, then the pool, then all that is left.
    assert {rows for rows in fitting if len(rows) > 1} == {
        (13, 11, 12), (13, 14, 12), (13, 12), (14, 12), (11, 12)
    }  # fmt: skip


def test_what_pays_first_is_always_a_source_that_can_pay() -> None:
    references = {Source.BY_DESTINATION, Source.RESOURCE_ACCOUNT_PLAN, Source.CREDITS}
    for situation in every_situation():
        ways = ways_to_pay(situation)
        assert ways.first not in references
        assert ways.first is not None or ways.credits
        assert ways.credits or not ways.needs_credits_licence
        assert (ways.row.otherwise is NOTHING) is not ways.credits


def test_an_emergency_is_free_whatever_else_is_true() -> None:
    for situation in every_situation():
        ways = ways_to_pay(replace(situation, call_type=CallType.EMERGENCY_OUT))
        assert (ways.row.number, ways.first, ways.credits) == (20, Source.NEVER_CHARGED, False)


def test_a_premium_number_never_uses_up_minutes() -> None:
    for situation in every_situation():
        if situation.destination is PREMIUM:
            assert ways_to_pay(situation).first not in {MINUTES, MINUTES_ABROAD, CONFERENCE, Source.ADD_ON}


@pytest.mark.parametrize(
    ("organizer", "callee", "pays_first"),
    [
        ("US", "US", CONFERENCE),
        ("US", "GB", CONFERENCE),
        ("GB", "GB", CONFERENCE),
        ("GB", "US", CONFERENCE),
        ("ZW", "US", CONFERENCE),
        ("ZW", "GB", CONFERENCE),
        ("CK", "US", CONFERENCE),
        ("CK", "GB", CONFERENCE),
        ("US", "ZW", None),
        ("GB", "ZW", None),
        ("ZW", "ZW", None),
        ("CK", "CK", None),
    ],
)
def test_conference_dial_out_goes_by_where_it_goes_to(organizer: str, callee: str, pays_first: Source | None) -> None:
    situation = Situation(
        call_type=CallType.CONF_OUT,
        conferencing=SUBSCRIPTION,
        destination=destination_of(organizer, callee, "ordinary", PLAN_COUNTRIES),
        zone_a=callee in ZONE_A,
        us_or_canada=callee in US_AND_CANADA,
    )
    ways = ways_to_pay(situation)
    assert (ways.first, ways.credits, ways.row.booked_to) == (pays_first, True, ORGANIZER)


@pytest.mark.parametrize(
    ("situation", "needed"),
    [
        (dialled(DOMESTIC, HOME), True),
        (dialled(PAYG_1, HOME), True),
        (dialled(None, ABROAD), True),
        (dialled(DOMESTIC, HOME, CallType.USER_OUT_FORWARDING), True),
        (dialled(DOMESTIC, PREMIUM), True),
        (conference(SUBSCRIPTION), True),
        (conference(None), True),
        (called(CallType.CONF_IN, NumberKind.TOLL_FREE, SUBSCRIPTION), False),
        (conference(PAY_PER_MINUTE), False),
        (called(CallType.CONF_IN, NumberKind.TOLL, PAY_PER_MINUTE), False),
        (called(CallType.UCAP_IN, NumberKind.TOLL_FREE), False),
        (dialled(DOMESTIC, HOME, CallType.UCAP_OUT), False),
        (replace(dialled(PAYG_1, HOME), shared_calling=True), False),
        (called(CallType.UNASSIGNED_IN, NumberKind.USER), False),
    ],
)
def test_credits_need_their_licence_on_the_user_who_calls_and_on_the_organizer(
    *, situation: Situation, needed: bool
) -> None:
    assert ways_to_pay(situation).needs_credits_licence is needed


@pytest.mark.parametrize(
    ("situation", "while_minutes_last", "after_that"),
    [
        (dialled(D120, HOME), "MCOPSTN5", CREDITS),
        (dialled(INTERNATIONAL, ABROAD), "MCOPSTN2", CREDITS),
        (dialled(UNPOOLED, HOME, CallType.USER_OUT_TRANSFER), "MCOPSTN8", CREDITS),
        (dialled(DOMESTIC, HOME, CallType.UCAP_OUT), "MCOPSTN1", CREDITS),
        (dialled(PAYG_1, HOME), "", CREDITS),
        (conference(SUBSCRIPTION), "MCOMEETADD", CREDITS),
        (conference(SUBSCRIPTION, extended=True), "MCOMEETADD_DIALOUT_US", ""),
        (conference(PAY_PER_MINUTE), "", "MCOMEETACPEA"),
        (called(CallType.CONF_IN, NumberKind.TOLL, SUBSCRIPTION), "MCOMEETADD", ""),
        (called(CallType.CONF_IN, NumberKind.TOLL), "", ""),
        (called(CallType.UCAP_IN, NumberKind.TOLL_FREE), "", CREDITS),
        (replace(called(CallType.USER_IN, NumberKind.USER), plan=DOMESTIC), "MCOPSTN1", ""),
        (replace(called(CallType.EMERGENCY_OUT, None), plan=DOMESTIC), "", ""),
    ],
)
def test_a_report_shows_the_licence_that_paid(situation: Situation, while_minutes_last: str, after_that: str) -> None:
    ways = ways_to_pay(situation)
    assert (ways.capability_first, ways.capability_credits if ways.credits else "") == (while_minutes_last, after_that)


@pytest.mark.parametrize(
    ("home", "country", "kind", "expected"),
    [
        ("RO", "RO", "ordinary", HOME),
        ("RO", "DE", "ordinary", ABROAD),
        ("RO", "KP", "ordinary", OUTSIDE),
        ("US", "CA", "ordinary", HOME),
        ("CA", "US", "ordinary", HOME),
        ("US", "PR", "ordinary", HOME),
        ("PR", "US", "ordinary", HOME),
        ("PR", "CA", "ordinary", HOME),
        ("US", "JM", "ordinary", OUTSIDE),
        ("RO", "US", "ordinary", ABROAD),
        ("RO", "RO", "premium", PREMIUM),
        ("", "RO", "premium", PREMIUM),
        ("RO", "", "premium", PREMIUM),
        ("RO", "RO", "shared_cost", HOME),
        ("RO", "DE", "toll_free", ABROAD),
        ("RO", "RO", "unknown", HOME),
        ("RO", "", "satellite", OUTSIDE),
        ("RO", "", "toll_free", UNKNOWN),
        ("RO", "", "unknown", UNKNOWN),
        ("", "RO", "ordinary", UNKNOWN),
        ("KP", "KP", "ordinary", HOME),
    ],
)
def test_a_destination_is_seen_from_where_its_payer_is(
    home: str, country: str, kind: str, expected: Destination
) -> None:
    assert destination_of(home, country, kind, frozenset({"RO", "DE", "US"})) is expected


def test_a_user_without_a_location_has_no_minutes_for_anything_and_may_call_with_credits() -> None:
    for plan, country in product(PLANS_BEST_FIRST, ("RO", "US", "")):
        ways = ways_to_pay(dialled(plan, destination_of("", country, "ordinary", PLAN_COUNTRIES)))
        assert (ways.first, ways.credits, ways.needs_credits_licence) == (None, True, True)


def test_of_several_plans_the_largest_counts() -> None:
    assert plan_of(frozenset({PAYG_1, D120, INTERNATIONAL, Licence.COMMUNICATIONS_CREDITS})) is INTERNATIONAL
    assert plan_of(frozenset({PAYG_2, UNPOOLED, D120})) is D120
    assert plan_of(frozenset({PAYG_1})) is PAYG_1
    assert plan_of(frozenset({SUBSCRIPTION, Licence.COMMUNICATIONS_CREDITS})) is None


def test_the_subscription_counts_before_pay_per_minute_conferencing() -> None:
    assert conferencing_of(frozenset({SUBSCRIPTION, PAY_PER_MINUTE})) is SUBSCRIPTION
    assert conferencing_of(frozenset({PAY_PER_MINUTE, DOMESTIC})) is PAY_PER_MINUTE
    assert conferencing_of(frozenset({DOMESTIC})) is None
