"""A simulation says what a period would have cost under another deck, and changes nothing."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from commcredits.core.commands import RecordCall, Service
from commcredits.core.outcomes import Recorded, Refused
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.operations import period_rating
from commcredits.operations.period_rating import Period
from commcredits.operations.rerating import Engine, Simulation, simulate
from tests.operations.call_files import NOWHERE, file_of, imported, line, new_deck, priced_by
from tests.operations.office import HEADER, NOON, Office, new_id
from tests.operations.periods import (
    CHEAPER,
    DEARER,
    LONDON_ONLY,
    NOVEMBER,
    ROMANIAN,
    STANDARD,
    books_agree,
    charges,
    corrected,
    everything,
    organization_with_calls,
    simulated,
)
from tests.operations.staff import hire


async def test_a_simulation_says_what_a_period_would_have_cost_and_changes_nothing(office: Office) -> None:
    organization = await organization_with_calls(office)
    deck = await new_deck(office, *DEARER)
    before = await everything(office)

    found = await simulated(office, organization, deck)

    assert await everything(office) == before
    assert (found.calls, found.unpriced, found.free_calls) == (7, 3, 1)
    # Twice a minute to London at 1.20 and a fee of 0.05, and a minute to Bucharest that costs what it cost.
    assert (found.charged_micros, found.would_cost_micros) == (1_300_000, 2_600_000)
    assert (found.difference_micros, found.currency, found.seconds) == (1_300_000, "EUR", 240)
    assert (found.engine, found.note) == (Engine.COLUMNAR, "")
    assert [(each.key, each.calls, each.difference_micros) for each in found.destinations] == [
        ("Britain", 2, 1_300_000),
        ("Romania", 1, 0),
        ("", 1, 0),
    ]
    assert [(each.key, each.calls, each.would_cost_micros) for each in found.services] == [("outbound", 4, 2_600_000)]
    assert [(each.session_id, each.difference_micros) for each in found.dearest] == [
        ("uk-1", 650_000),
        ("uk-2", 650_000),
    ]


async def test_calls_that_would_have_no_rate_would_cost_nothing(office: Office) -> None:
    organization = await organization_with_calls(office)
    found = await simulated(office, organization, await new_deck(office, *LONDON_ONLY))
    assert (found.free_calls, found.free_charged_micros, found.difference_micros) == (2, 100_000, -100_000)


async def test_a_simulation_names_the_users_whose_calls_differ_most(office: Office) -> None:
    organization = await office.calling_organization()
    await priced_by(office, organization, *STANDARD)
    ana = await hire(office.services, organization, "ana@example.com", licences=("MCOPSTNC",))
    dan = await hire(office.services, organization, "dan@example.com", licences=("MCOPSTNC",))
    lines = [
        line("r-1", user="dan@example.com"),
        line("r-2", user="ana@example.com"),
        line("r-3", user="ana@example.com"),
        line("r-4"),
    ]
    await imported(office, organization, file_of(*lines))

    found = await simulated(office, organization, await new_deck(office, *CHEAPER))

    assert [(each.key, each.name, each.difference_micros) for each in found.users] == [
        (ana, "ana@example.com", -600_000),
        ("", "", -300_000),
        (dan, "dan@example.com", -300_000),
    ]
    assert found.user_count == 3


async def test_minutes_of_a_pool_stay_minutes_whatever_the_deck(office: Office) -> None:
    organization = await office.calling_organization()
    await priced_by(office, organization, *STANDARD)
    await hire(office.services, organization, "ana@example.com", licences=("MCOPSTN5", "MCOPSTNC"))
    fields = {"callee": ROMANIAN, "user": "ana@example.com"}
    # The first is within the pool of 120 minutes; the second finds 20 there and pays for 10.
    await imported(
        office,
        organization,
        file_of(line("r-1", duration_seconds="6000", **fields), line("r-2", duration_seconds="1800", **fields)),
    )
    dearer = await new_deck(office, "40,Romania,outbound,0.30,0,60,60,2020-01-01,")

    found = await simulated(office, organization, dearer)
    assert (found.charged_micros, found.would_cost_micros, found.unpriced) == (1_000_000, 3_000_000, 1)

    await corrected(office, organization, dearer)
    assert await charges(office, organization, "r-1", "r-2") == [0, 3_000_000]
    assert await books_agree(office)


async def test_only_calls_that_began_within_the_period_count(office: Office) -> None:
    organization = await office.calling_organization()
    starts = {
        "before": "2026-10-31T23:59:59.999999Z",
        "first": "2026-11-01T00:00:00Z",
        "last": "2026-11-20T23:59:59Z",
        "after": "2026-11-21T00:00:00Z",
    }
    await imported(office, organization, file_of(*(line(name, started_at=at) for name, at in starts.items())))
    period = Period(begins_at=NOVEMBER.begins_at, ends_at=datetime(2026, 11, 21, tzinfo=UTC))

    found = await simulated(office, organization, await new_deck(office, *DEARER), period)

    assert sorted(each.session_id for each in found.dearest) == ["first", "last"]


async def test_many_calls_are_read_page_by_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(period_rating, "COPIED_AT_ONCE", 3)
    organization = await office.calling_organization()
    await imported(office, organization, file_of(*(line(f"r-{number}") for number in range(10))))
    told: list[tuple[int, int]] = []

    deck = await new_deck(office, *CHEAPER)
    found = await simulate(
        office.services,
        organization_id=organization,
        period=NOVEMBER,
        rate_deck_id=deck,
        progress=lambda done, total: told.append((done, total)),
    )

    assert isinstance(found, Simulation)
    assert (found.calls, found.difference_micros) == (10, -3_000_000)
    assert told == [(3, 10), (6, 10), (9, 10), (10, 10)]


async def test_without_the_extra_calls_are_rated_one_by_one_with_the_same_result(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = await organization_with_calls(office)
    deck = await new_deck(office, *DEARER)
    fast = await simulated(office, organization, deck)

    monkeypatch.setitem(sys.modules, "ibis", None)  # as where it was never installed
    slow = await simulated(office, organization, deck)

    assert slow.engine is Engine.CORE
    assert "columnar" in slow.note
    assert (slow.would_cost_micros, slow.destinations, slow.dearest) == (
        fast.would_cost_micros,
        fast.destinations,
        fast.dearest,
    )


async def test_columns_and_core_agree_on_every_call_of_a_period(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = await office.calling_organization(funds_micros=1_000_000)
    await hire(office.services, organization, "ana@example.com", licences=("MCOPSTN5", "MCOPSTNC"))
    callers = ("+40722000001", "+12025550100", "", "+40722000002", "+12025550100")
    callees = (ROMANIAN, "+442079460000", "+12025550123", NOWHERE)
    lines = [
        line(
            f"r-{number}",
            caller=callers[number % 5],
            callee=callees[number % 4],
            user="ana@example.com" if number % 3 else "",
            duration_seconds=str(number * 977 % 5_000),
            started_at=(NOON - timedelta(hours=number, minutes=7 * number)).isoformat().replace("+00:00", "Z"),
        )
        for number in range(2, 200)
    ]
    await imported(office, organization, file_of(*lines))
    deck = await new_deck(
        office,
        "44,United Kingdom,outbound,0.017,0.003,30,6,2020-01-01,2026-11-20,",
        "44,United Kingdom,outbound,0.019,0,60,11,2026-11-20,,",
        "44,Anglia,outbound,0.013,0,1,1,2020-01-01,,RO",
        "4021,Bucharest,outbound,0.000001,0,1,1,2020-01-01,,",
        "40,Romania,outbound,0.10,0,60,60,2020-01-01,,",
        header=f"{HEADER},origin_country",
    )
    period = Period(begins_at=datetime(2026, 1, 1, tzinfo=UTC), ends_at=NOON)

    fast = await simulated(office, organization, deck, period)
    monkeypatch.setitem(sys.modules, "ibis", None)
    slow = await simulated(office, organization, deck, period)

    assert (fast.engine, slow.engine) == (Engine.COLUMNAR, Engine.CORE)
    assert fast.destinations == slow.destinations
    assert fast.users == slow.users
    assert fast.dearest == slow.dearest
    assert fast.free_calls == slow.free_calls > 0


@pytest.mark.parametrize("ends_at", [NOVEMBER.begins_at, NOVEMBER.begins_at - timedelta(microseconds=1)])
async def test_a_period_ends_after_it_begins(office: Office, ends_at: datetime) -> None:
    organization = await office.calling_organization()
    refused = await simulate(
        office.services,
        organization_id=organization,
        period=Period(begins_at=NOVEMBER.begins_at, ends_at=ends_at),
        rate_deck_id=new_id(),
    )
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "ends_at"


async def test_a_call_beyond_any_length_is_priced_by_the_core(office: Office) -> None:
    organization = await office.calling_organization()
    outcome = await office.execute(
        RecordCall(
            organization_id=organization,
            record_id="endless",
            service=Service.OUTBOUND,
            caller="",
            callee="+442079460000",
            started_at=NOON - timedelta(days=40),
            duration_seconds=CALL_SECONDS_MAX + 1,
        )
    )
    assert isinstance(outcome, Recorded)
    period = Period(begins_at=NOON - timedelta(days=50), ends_at=NOON)
    found = await simulated(office, organization, await new_deck(office, *CHEAPER), period)
    assert found.would_cost_micros == (CALL_SECONDS_MAX + 1) * 5_000
