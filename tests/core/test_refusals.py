"""Every refusal of a call carries the facts behind it, so that somebody can be told what would have to change."""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import Authorise, RecordCall, Service, SetBlock
from commcredits.core.meters import Meter
from commcredits.core.outcomes import Recorded, RefusalCode, Refused
from commcredits.core.roster import (
    BlockedKind,
    CallsWithoutUser,
    ConferenceDialOut,
    DialOutPolicy,
    Licence,
    Limits,
    PartyKind,
    Roster,
)
from tests.core.books import DECK, ORGANIZATION, Books, books, rate, units
from tests.core.people import (
    BRITISH,
    DOMESTIC,
    PREMIUM,
    QUEUE,
    QUEUE_NUMBER,
    SALES,
    SALES_NUMBER,
    SUPPORT,
    ZIMBABWEAN,
    people,
    user,
)

CREDITS = Licence.COMMUNICATIONS_CREDITS
EMPTY_POOL = {"pool", "pool_month", "pool_minutes", "pool_minutes_used", "pool_minutes_held", "pool_empty_since"}
ABROAD = Authorise(
    organization_id=ORGANIZATION, session_id="call", service=Service.OUTBOUND, caller=SALES_NUMBER, callee=BRITISH
)
HOME = replace(ABROAD, callee=DOMESTIC)


def office(*licences: Licence, balance: str = "10", limits: Limits | None = None, rules: Roster | None = None) -> Books:
    """A user with these licences and a queue with a toll-free number, in an organization that has a deck."""
    opened = books(
        rate(prefix="40", per_minute="0.06"),
        rate(prefix="44", per_minute="0.60"),
        rate(prefix="40800", per_minute="0.10", service=Service.TOLL_FREE_IN),
        rate(prefix="44", per_minute="0.30", service=Service.CONFERENCE_DIAL_OUT),
        balance=balance,
    )
    sales = user(SALES, *licences, name="sales.1@example.com", department="Sales")
    queue = replace(user(QUEUE, kind=PartyKind.RESOURCE_ACCOUNT), toll_free_allowed=False)
    return people(opened, sales, user(SUPPORT), queue, rules=rules, limits=limits)


def emptied(account: Books, plan: str = "MCOPSTN5:RO", minutes: int = 120) -> Books:
    """The books with a pool that was used up two hours ago."""
    reached_at = account.now - timedelta(hours=2)
    meter = Meter(key=f"pool:{plan}", period="2026-11", used=minutes, reached_at=reached_at)
    account.meters[meter.meter_id] = meter
    return account


def closed() -> Books:
    account = office()
    account.account = replace(account.account, status=OrganizationStatus.CLOSING)
    return account


def busy() -> Books:
    account = office(CREDITS, limits=Limits(calls_max=1))
    account.do(replace(ABROAD, session_id="running"))
    return account


def capped() -> Books:
    account = office(CREDITS, limits=Limits(department_monthly_max_micros={"Sales": units("0.60")}))
    account.do(replace(ABROAD, session_id="running"))
    return account


def blocked_by_a_limit() -> Books:
    account = office(CREDITS, limits=Limits(user_hourly_max_micros=units("0.60")))
    account.do(replace(ABROAD, session_id="running"))
    return account


def blocked_by_hand() -> Books:
    account = office(CREDITS)
    account.do(SetBlock(organization_id=ORGANIZATION, command_id="block", kind=BlockedKind.DESTINATION, subject="GB"))
    return account


CASES: list[tuple[RefusalCode, Callable[[], Books], Authorise, set[str]]] = [
    (RefusalCode.ORGANIZATION_CLOSED, closed, ABROAD, {"status"}),
    (
        RefusalCode.INSUFFICIENT_FUNDS,
        lambda: office(CREDITS, balance="0"),
        ABROAD,
        {"available_micros", "needed_micros", "currency"},
    ),
    (
        RefusalCode.INSUFFICIENT_FUNDS,
        lambda: emptied(office(CREDITS, Licence.DOMESTIC_120, balance="0")),
        HOME,
        {"available_micros", "needed_micros", "currency", *EMPTY_POOL},
    ),
    (
        RefusalCode.INSUFFICIENT_FUNDS,
        lambda: emptied(
            office(
                CREDITS,
                Licence.DOMESTIC_AND_INTERNATIONAL,
                balance="0",
                rules=Roster(version=1, international_stops_both=True),
            ),
            "MCOPSTN2:RO:international",
            600,
        ),
        HOME,
        {
            "available_micros",
            "needed_micros",
            "currency",
            *EMPTY_POOL - {"pool_empty_since"},
            "stopped_by_pool",
            "stopped_since",
        },
    ),
    (
        RefusalCode.NO_RATE,
        lambda: office(CREDITS),
        replace(ABROAD, callee=ZIMBABWEAN),
        {"callee", "service", "rate_deck_id"},
    ),
    (RefusalCode.CREDITS_NOT_LICENSED, lambda: office(Licence.DOMESTIC_120), ABROAD, {"row", "licence", "user"}),
    (
        RefusalCode.CREDITS_NOT_LICENSED,
        lambda: emptied(office(Licence.DOMESTIC_120)),
        HOME,
        {"row", "licence", "user", *EMPTY_POOL},
    ),
    (RefusalCode.UNKNOWN_USER, office, replace(ABROAD, user="nobody@example.com"), {"user"}),
    (
        RefusalCode.USER_REQUIRED,
        lambda: office(rules=Roster(version=1, calls_without_user=CallsWithoutUser.REFUSED)),
        replace(ABROAD, caller="+40211239999"),
        {"setting", "number"},
    ),
    (
        RefusalCode.DIAL_OUT_NOT_ALLOWED,
        lambda: office(CREDITS, rules=Roster(version=1, dial_out=DialOutPolicy(conference=ConferenceDialOut.NONE))),
        replace(ABROAD, service=Service.CONFERENCE_DIAL_OUT),
        {"axis", "policy", "allowed_by", "usage_location", "destination_country", "rule_of", "user"},
    ),
    (
        RefusalCode.PREMIUM_NOT_ALLOWED,
        lambda: office(CREDITS),
        replace(ABROAD, callee=PREMIUM),
        {"setting", "destination_country", "rule_of", "user"},
    ),
    (
        RefusalCode.TOLL_FREE_NOT_ALLOWED,
        office,
        replace(ABROAD, service=Service.TOLL_FREE_IN, caller="+40722000001", callee=QUEUE_NUMBER),
        {"setting", "rule_of", "user"},
    ),
    (
        RefusalCode.CAP_REACHED,
        capped,
        ABROAD,
        {
            "meter",
            "period",
            "limit_micros",
            "used_micros",
            "held_micros",
            "needed_micros",
            "currency",
            "reached_at",
        },
    ),
    (RefusalCode.TOO_MANY_CALLS, busy, ABROAD, {"meter", "allowed", "running"}),
    (
        RefusalCode.BLOCKED,
        blocked_by_a_limit,
        ABROAD,
        {"block_id", "blocked", "subject", "reason", "since", "limit_micros", "spent_micros", "currency"},
    ),
    (
        RefusalCode.BLOCKED,
        lambda: office(CREDITS, limits=Limits(user_hourly_max_micros=0)),
        ABROAD,
        {
            "blocked",
            "subject",
            "reason",
            "meter",
            "period",
            "limit_micros",
            "used_micros",
            "held_micros",
            "needed_micros",
            "currency",
        },
    ),
    (
        RefusalCode.BLOCKED,
        blocked_by_hand,
        ABROAD,
        {"block_id", "blocked", "subject", "reason", "since", "currency"},
    ),
]


@pytest.mark.parametrize(("code", "open_office", "call", "facts"), CASES, ids=[case[0] for case in CASES])
def test_a_refusal_carries_the_facts_behind_it(
    code: RefusalCode, open_office: Callable[[], Books], call: Authorise, facts: set[str]
) -> None:
    refusal = open_office().do(call)
    assert isinstance(refusal, Refused), refusal
    assert refusal.code is code
    assert set(refusal.facts) == facts
    shown = [name.removesuffix("_micros") for name in refusal.facts]
    assert len(set(shown)) == len(shown), "interfaces show amounts without the unit: no fact may hide another"


def test_a_call_without_any_deck_is_told_so() -> None:
    account = office(CREDITS)
    refusal = account.do(replace(ABROAD, callee=ZIMBABWEAN))
    assert isinstance(refusal, Refused)
    assert refusal.facts["rate_deck_id"] == DECK
    account.account = replace(account.account, rate_deck_id=None)
    refusal = account.do(replace(ABROAD, session_id="call-2"))
    assert isinstance(refusal, Refused)
    assert (refusal.code, refusal.facts["rate_deck_id"]) == (RefusalCode.NO_RATE, "")


def test_a_pool_that_a_recorded_call_emptied_says_since_when() -> None:
    account = office(Licence.DOMESTIC_120)
    command = RecordCall(
        organization_id=ORGANIZATION,
        record_id="record",
        service=Service.OUTBOUND,
        caller=SALES_NUMBER,
        callee=DOMESTIC,
        started_at=account.now - timedelta(hours=3),
        duration_seconds=7_200,
    )
    assert isinstance(account.do(command), Recorded)
    refusal = account.do(HOME)
    assert isinstance(refusal, Refused)
    assert refusal.facts["pool_empty_since"] == "2026-11-22T12:00:00Z"


def test_every_fact_of_every_refusal_is_on_the_page_of_policies_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")
    pools, _, table = page.partition("## What a refused call is told")[2].partition("| Code |")
    of_pools = set(re.findall(r"`(\w+)`", pools))
    told: dict[str, set[str]] = defaultdict(set)
    for code, _open_office, _call, facts in CASES:
        told[code] |= {name.removesuffix("_micros") for name in facts} - of_pools
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", table.partition("\n## ")[0], re.MULTILINE)
    assert {code: set(re.findall(r"`(\w+)`", facts)) for code, facts in rows} == told
    assert of_pools == {*EMPTY_POOL, "stopped_by_pool", "stopped_since", "would_change_it"}
