"""The traffic generator against a charging server on the loopback interface: real sockets, the public wire."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from commcredits.core.commands import Service
from commcredits.edges.demo.call_plans import PlannedCall, planned_calls
from commcredits.edges.demo.sample_rates import SampleRate, sample_rate_rows
from commcredits.edges.demo.traffic import (
    CallOutcome,
    CallResult,
    TrafficSettings,
    TrafficStatistics,
    run_traffic,
)
from commcredits.edges.demo.world import (
    SEED,
    START_HOUR,
    sample_organizations,
)
from tests.edges.demo.charging_stub import (
    TOKEN,
    ChargingStub,
    StubAccount,
    price_micros,
    rates_by_prefix,
    served,
)
from tests.operations.office import soon

FAST = 600
"""Call-seconds per second: a four-minute call takes 0.4 s."""


@pytest.fixture(scope="module")
def euro_rates() -> dict[tuple[str, str], SampleRate]:
    return rates_by_prefix(sample_rate_rows("EUR"))


@pytest.fixture
def stub(euro_rates: dict[tuple[str, str], SampleRate]) -> ChargingStub:
    return ChargingStub(accounts=[_account(50_000_000)], rates={"EUR": euro_rates})


def _account(balance_micros: int) -> StubAccount:
    return StubAccount(
        organization_id="organization-1",
        currency="EUR",
        numbers=frozenset({"+493023125001", "+498001234567"}),
        balance_micros=balance_micros,
    )


def _call(duration_seconds: int, *, arrival_seconds: float = 0.0, callee: str = "+40211234567") -> PlannedCall:
    return PlannedCall(
        organization="Demo",
        arrival_seconds=arrival_seconds,
        ring_seconds=1.0,
        duration_seconds=duration_seconds,
        service=Service.OUTBOUND,
        caller="+493023125001",
        callee=callee,
    )


def _settings(base_url: str, **changes: Any) -> TrafficSettings:
    settings: dict[str, Any] = {
        "base_url": base_url,
        "token": TOKEN,
        "session_prefix": "test",
        "compression": FAST,
        "slice_seconds": 60,
    }
    return TrafficSettings(**(settings | changes))


async def _run(stub: ChargingStub, *calls: PlannedCall, **changes: Any) -> tuple[TrafficStatistics, list[CallResult]]:
    results: list[CallResult] = []
    async with served(stub) as base_url:
        statistics = await run_traffic(_settings(base_url, **changes), calls, on_result=results.append)
    return statistics, results


async def test_a_call_names_whose_it_is_where_its_numbers_do_not_tell(stub: ChargingStub) -> None:
    await _run(stub, _call(45), replace(_call(45), user="room@example.com"))

    authorised = [body.get("user") for name, body in stub.received if name == "authorise"]
    assert authorised == [None, "room@example.com"]


async def test_minutes_that_a_pool_paid_are_counted(stub: ChargingStub) -> None:
    stub.pool_minutes = 2

    statistics, results = await _run(stub, _call(45), _call(45))

    assert [each.pool_minutes for each in results] == [2, 2]
    assert statistics.pool_minutes == 4


async def test_a_short_call_is_authorised_started_and_ended(stub: ChargingStub) -> None:
    statistics, results = await _run(stub, _call(45))

    assert [name for name, _ in stub.received] == ["authorise", "start", "end"]
    assert stub.received[-1][1]["used_seconds"] == 45
    assert results == [
        CallResult(
            organization="Demo",
            outcome=CallOutcome.COMPLETED,
            used_seconds=45,
            charged_micros=price_micros(stub.sessions["test-0"].rate, 45),
            currency="EUR",
        )
    ]
    assert statistics.calls_by_outcome == {CallOutcome.COMPLETED: 1}
    assert statistics.charged_micros_by_currency == {"EUR": results[0].charged_micros}


async def test_a_long_call_reports_before_each_grant_ends(stub: ChargingStub) -> None:
    _, results = await _run(stub, _call(200), compression=100)

    updates = [body for name, body in stub.received if name == "update"]
    assert [body["request_number"] for body in updates] == list(range(1, len(updates) + 1))
    assert len(updates) >= 3
    reported = [body["used_seconds"] for body in updates]
    assert reported == sorted(reported)
    assert results[0].outcome is CallOutcome.COMPLETED
    assert results[0].used_seconds == 200


async def test_a_call_plays_as_much_faster_as_the_compression_says(stub: ChargingStub) -> None:
    loop = asyncio.get_running_loop()
    async with served(stub) as base_url:
        started_at = loop.time()
        await run_traffic(_settings(base_url, compression=240), [_call(240)])
        taken_seconds = loop.time() - started_at

    assert 1.0 <= taken_seconds < 3.0


async def test_an_unanswered_call_ends_without_having_started(stub: ChargingStub) -> None:
    statistics, results = await _run(stub, _call(0))

    assert [name for name, _ in stub.received] == ["authorise", "end"]
    assert results[0].outcome is CallOutcome.UNANSWERED
    assert statistics.used_seconds == 0
    assert stub.accounts[0].held_micros == 0


async def test_a_call_is_cut_where_its_funds_end(euro_rates: dict[tuple[str, str], SampleRate]) -> None:
    stub = ChargingStub(accounts=[_account(20_000)], rates={"EUR": euro_rates})

    _, results = await _run(stub, _call(600))

    assert results[0].outcome is CallOutcome.CUT
    assert results[0].used_seconds == stub.sessions["test-0"].granted_seconds < 600
    assert results[0].charged_micros <= 20_000
    assert stub.accounts[0].held_micros == 0


async def test_refused_calls_are_counted_by_the_servers_code(euro_rates: dict[tuple[str, str], SampleRate]) -> None:
    stub = ChargingStub(accounts=[_account(1)], rates={"EUR": euro_rates})

    statistics, _ = await _run(stub, _call(30), _call(30), _call(30, callee="+2105551234"))

    assert statistics.refused_by_code == {"insufficient_funds": 2, "no_rate": 1}
    assert statistics.calls_by_outcome == {CallOutcome.REFUSED: 3}
    assert stub.sessions == {}


async def test_a_wrong_token_refuses_every_call(stub: ChargingStub) -> None:
    statistics, _ = await _run(stub, _call(30), token="wrong")

    assert statistics.refused_by_code == {"unauthorised": 1}


async def test_a_busy_server_is_asked_again(stub: ChargingStub) -> None:
    stub.busy_answers = 2

    statistics, results = await _run(stub, _call(30))

    assert results[0].outcome is CallOutcome.COMPLETED
    assert statistics.requests_sent == 5


async def test_a_server_that_stays_busy_refuses_the_call(stub: ChargingStub) -> None:
    stub.busy_answers = 1_000

    statistics, _ = await _run(stub, _call(30))

    assert statistics.refused_by_code == {"busy": 1}


async def test_a_server_that_is_not_there_loses_calls_and_raises_nothing(stub: ChargingStub) -> None:
    async with served(stub) as base_url:
        pass
    statistics = await run_traffic(_settings(base_url), [_call(30), _call(30)])

    assert statistics.calls_by_outcome == {CallOutcome.LOST: 2}
    assert statistics.lost_by_code == {"unreachable": 2}


async def test_a_call_that_finds_every_channel_taken_is_never_sent(stub: ChargingStub) -> None:
    statistics, _ = await _run(stub, *(_call(120) for _ in range(5)), channels_max=2)

    assert statistics.calls_by_outcome == {CallOutcome.COMPLETED: 2, CallOutcome.BLOCKED: 3}
    assert statistics.calls_planned == 5
    assert len(stub.sessions) == 2


async def test_when_the_time_is_up_calls_hang_up_and_nothing_stays_held(stub: ChargingStub) -> None:
    statistics, results = await _run(
        stub, _call(7_000), _call(7_000), _call(10, arrival_seconds=100_000), compression=100, run_seconds=1.5
    )

    assert statistics.calls_by_outcome == {CallOutcome.COMPLETED: 2}
    assert all(0 < each.used_seconds < 7_000 for each in results)
    assert stub.accounts[0].held_micros == 0
    assert all(session.ended for session in stub.sessions.values())


async def test_a_run_can_be_stopped_from_outside(stub: ChargingStub) -> None:
    stop = asyncio.Event()
    async with served(stub) as base_url:
        running = asyncio.create_task(run_traffic(_settings(base_url, compression=10), [_call(7_000)], stop=stop))
        await soon(lambda: any(name == "start" for name, _ in stub.received))
        await asyncio.sleep(0.1)
        stop.set()
        statistics = await running

    assert statistics.calls_by_outcome == {CallOutcome.COMPLETED: 1}
    assert stub.accounts[0].held_micros == 0


async def test_what_is_charged_leaves_the_balance_to_the_millionth(stub: ChargingStub) -> None:
    organization = next(each for each in sample_organizations() if each.country == "DE")
    stub.accounts[0].numbers = frozenset(each.number for each in organization.numbers)
    plan = planned_calls([organization.caller()], seed=SEED, start_hour=START_HOUR)
    calls = [call for call, _ in zip(plan, range(40), strict=False)]

    statistics, _ = await _run(stub, *calls, compression=900)

    assert statistics.calls_planned == 40
    assert statistics.charged_micros_by_currency["EUR"] == 50_000_000 - stub.accounts[0].balance_micros
    assert stub.accounts[0].lowest_available_micros >= 0
