"""What becomes of a call at an OpenSIPS whose module ``cgrates`` asks us, told to a fake of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from commcredits.core.flags import FlagKind
from commcredits.operations.call_cuts import CutOrder, cut_call
from tests.edges.switches.cgrates.clients import RpcError
from tests.edges.switches.cgrates.conftest import NUMBER, QUICK, SOON_SECONDS, Edge, OpenEdge, soon
from tests.stories.one_call.steps import BRITISH, FRENCH, GERMAN

ACCOUNT = NUMBER.removeprefix("+")
HELD = "select held_micros from accounts where organization_id = $1"
TOLD = "select told_at is not null from call_cuts where organization_id = $1"


async def _talk(edge: Edge, seconds: int) -> None:
    edge.world.office.clock.advance(seconds=seconds)
    await asyncio.sleep(0)


async def _order_cut(edge: Edge) -> None:
    """Order the one call of the books to be cut."""
    services, organization_id = edge.world.office.services, edge.world.organization_id
    rows = await services.pool.fetch("select session_id from call_sessions where live")
    for row in rows:
        ordered = await cut_call(
            services,
            organization_id=organization_id,
            session_id=row["session_id"],
            reason="asked",
            ordered_by="somebody",
        )
        assert isinstance(ordered, CutOrder), ordered


@pytest.mark.parametrize("compat", [False, True])
async def test_a_call_is_authorised_initiated_terminated_and_charged_once(open_edge: OpenEdge, *, compat: bool) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips(compat=compat)
        assert await switch.cgrates_auth(ACCOUNT, GERMAN, "call-1") == 1
        assert switch.cgr_ret == 10_800
        held = await edge.ledger()
        assert (held.account, held.calls[0].state) == ((5_000_000, 660_000), "authorised")

        dialog = await switch.answer(ACCOUNT, GERMAN, "call-1")
        assert (dialog.engaged, dialog.lifetime_seconds) == (True, 10_800)
        await _talk(edge, 40)
        assert await switch.bye(dialog, 40, cdr=True) == [None, None]
        call = await edge.call()
        assert (call.state, call.used_seconds, call.charged_micros) == ("ended", 40, 477_000)
        assert (await edge.ledger()).account == (5_000_000 - 477_000, 0)


@pytest.mark.parametrize(
    ("account", "callee", "funds_micros", "error"),
    [
        (ACCOUNT, GERMAN, 300_000, "RALS_ERROR:INSUFFICIENT_CREDIT"),
        (ACCOUNT, FRENCH, 5_000_000, "RALS_ERROR:RATING_PLAN_NOT_FOUND"),
        ("40311999999", GERMAN, 5_000_000, "RALS_ERROR:ACCOUNT_NOT_FOUND"),
        (ACCOUNT, "0212300002", 5_000_000, "NOT_CONVERTIBLE"),
        ("", GERMAN, 5_000_000, "MANDATORY_IE_MISSING: [Account]"),
    ],
)
async def test_a_script_finds_why_a_call_was_refused(
    open_edge: OpenEdge, account: str, callee: str, funds_micros: int, error: str
) -> None:
    async with open_edge(funds_micros=funds_micros) as edge:
        switch = await edge.opensips()
        assert await switch.cgrates_auth(account, callee, "call-1") == -2
        assert switch.cgr_ret == error


async def test_a_call_that_nobody_authorised_is_asked_for_when_it_is_answered(open_edge: OpenEdge) -> None:
    async with open_edge(funds_micros=1_000_000) as edge:
        switch = await edge.opensips()
        dialog = await switch.answer(ACCOUNT, BRITISH, "call-1")
        assert dialog.engaged
        assert (await edge.call()).state == "started"
        denied = await switch.answer(ACCOUNT, FRENCH, "call-2")
        assert (denied.engaged, denied.ended_because) == (False, "CGRateS Accounting Denied")


async def test_a_call_that_is_never_initiated_is_released_after_the_time_to_ring(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        await switch.cgrates_auth(ACCOUNT, GERMAN, "call-1")
        await _talk(edge, 200)
        await edge.world.reap()
        assert (await edge.call()).state == "authorised"
        await _talk(edge, 120)
        await edge.world.reap()
        assert ((await edge.call()).state, (await edge.ledger()).account) == ("expired", (5_000_000, 0))


async def test_a_record_of_a_missed_call_releases_it_at_once(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        await switch.cgrates_auth(ACCOUNT, GERMAN, "call-1")
        assert await switch.cdr("call-1", ACCOUNT, GERMAN, 0, answered=False) is None
        assert ((await edge.call()).state, (await edge.ledger()).account) == ("ended", (5_000_000, 0))


async def test_a_record_of_another_branch_ends_no_call_that_is_being_answered(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        await switch.cgrates_auth(ACCOUNT, GERMAN, "call-1")
        assert await switch.cdr("call-1", ACCOUNT, GERMAN, 0) is None
        assert (await switch.answer(ACCOUNT, GERMAN, "call-1")).engaged


async def test_a_record_says_the_end_that_was_lost(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        await switch.answer(ACCOUNT, GERMAN, "call-1")
        await _talk(edge, 40)
        assert await switch.cdr("call-1", ACCOUNT, GERMAN, 40) is None
        assert ((await edge.call()).used_seconds, (await edge.call()).charged_micros) == (40, 477_000)


async def test_we_hold_the_slices_of_a_call_that_reports_nothing(open_edge: OpenEdge) -> None:
    async with open_edge(slice_seconds=3, runs=True) as edge:
        switch = await edge.opensips()
        dialog = await switch.answer(ACCOUNT, BRITISH, "call-1")
        await asyncio.sleep(5.5)
        assert dialog.engaged
        await switch.bye(dialog, 5)
        call = await edge.call()
        assert (call.state, call.used_seconds, call.charged_micros, call.overrun_seconds) == ("ended", 5, 50_000, 0)


@pytest.mark.parametrize("compat", [False, True])
async def test_a_call_is_cut_at_the_end_of_the_money(open_edge: OpenEdge, *, compat: bool) -> None:
    async with open_edge(slice_seconds=60, funds_micros=20_000, runs=True) as edge:
        switch = await edge.opensips(compat=compat)
        began = asyncio.get_running_loop().time()
        dialog = await switch.answer(ACCOUNT, BRITISH, "call-1")
        async with asyncio.timeout(SOON_SECONDS):
            await dialog.ended.wait()
        assert asyncio.get_running_loop().time() - began >= 1.9
        assert dialog.ended_because == "CGRateS Disconnect: INSUFFICIENT_CREDIT"
        await switch.bye(dialog, 2)
        assert (await edge.ledger()).account == (0, 0)


@pytest.mark.alone
async def test_a_top_up_extends_a_call_that_its_money_limited_within_a_second(open_edge: OpenEdge) -> None:
    funds_micros = 50_000
    async with open_edge(slice_seconds=60, funds_micros=funds_micros, runs=True) as edge:
        switch = await edge.opensips()
        loop = asyncio.get_running_loop()
        dialog = await switch.answer(ACCOUNT, BRITISH, "call-1")
        answered_at, waits = loop.time(), []

        async def is_extended() -> bool:
            held: int = await edge.world.office.services.pool.fetchval(HELD, edge.world.organization_id)
            return held > funds_micros

        for more_micros in (10_000, 10_000, 5_000_000):
            await edge.world.top_up(more_micros)
            arrived_at = loop.time()
            await soon(is_extended)
            waits.append(loop.time() - arrived_at)
            funds_micros += more_micros
        assert min(waits) < 1, "a busy machine may spoil one of them"
        await asyncio.sleep(answered_at + 5.5 - loop.time())
        assert dialog.engaged
        await switch.bye(dialog, 6)
        assert (await edge.call()).charged_micros == 60_000


async def test_a_call_that_somebody_wants_cut_is_cut(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        dialog = await switch.answer(ACCOUNT, BRITISH, "call-1")
        await _order_cut(edge)
        async with asyncio.timeout(SOON_SECONDS):
            await dialog.ended.wait()
        assert dialog.ended_because == "CGRateS Disconnect: FORCED_DISCONNECT"

        async def is_told() -> bool:
            told: bool = await edge.world.office.services.pool.fetchval(TOLD, edge.world.organization_id)
            return told

        await soon(is_told)


async def test_a_call_goes_on_and_is_charged_right_though_we_are_restarted(open_edge: OpenEdge) -> None:
    async with open_edge(slice_seconds=3, runs=True) as edge:
        switch = await edge.opensips()
        dialog = await switch.answer(ACCOUNT, BRITISH, "call-1")
        await switch.lose()
        await edge.restart()
        await switch.connect(edge.server.port)
        await asyncio.sleep(4.5)
        await switch.bye(dialog, 4)
        call = await edge.call()
        assert (call.state, call.used_seconds, call.charged_micros, call.overrun_seconds) == ("ended", 4, 40_000, 0)


async def test_a_call_is_paid_for_until_its_switch_has_found_us_again(open_edge: OpenEdge) -> None:
    async with open_edge(slice_seconds=3, runs=True) as edge:
        switch = await edge.opensips()
        dialog = await switch.answer(ACCOUNT, BRITISH, "call-1")
        await switch.lose()
        await edge.restart()
        await asyncio.sleep(4.5)
        await switch.connect(edge.server.port)
        await switch.bye(dialog, 4)
        call = await edge.call()
        assert (call.state, call.charged_micros, call.overrun_seconds) == ("ended", 40_000, 0)


async def test_a_call_whose_switch_is_gone_for_good_is_paid_for_no_longer(open_edge: OpenEdge) -> None:
    limits = replace(QUICK, link_grace_seconds=0.1)
    async with open_edge(slice_seconds=3, runs=True, limits=limits) as edge:
        switch = await edge.opensips()
        await switch.answer(ACCOUNT, BRITISH, "call-1")
        await switch.lose()
        await asyncio.sleep(4)
        assert (await edge.ledger()).account == (5_000_000, 30_000)


async def test_calls_that_the_switch_has_lost_are_ended_and_ringing_ones_are_not(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        dialog = await switch.answer(ACCOUNT, BRITISH, "gone")
        await switch.answer(ACCOUNT, GERMAN, "there")
        await switch.cgrates_auth(ACCOUNT, BRITISH, "rings")
        dialog.engaged = False
        await _talk(edge, 15)
        client = await edge.client()

        async def is_ended() -> bool:
            await client.call("SessionSv1.SyncSessions", {})
            return any(call.state == "ended" for call in (await edge.ledger()).calls)

        await soon(is_ended)
        ledger = await edge.ledger()
        assert sorted(call.state for call in ledger.calls) == ["authorised", "ended", "started"]
        assert ledger.flags == {FlagKind.GONE_FROM_SWITCH.value: 1}


async def test_a_switch_that_lists_no_calls_is_asked_once(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        asked: list[str] = []

        def serve(method: str, _parameter: Any) -> Any:
            asked.append(method)
            raise RpcError("Unknown Method")

        switch = await edge.opensips(lists=False)
        switch._serve = serve  # noqa: SLF001 # a spy in the place of what it answers with
        await switch.lose()
        await switch.connect()
        client = await edge.client()
        for _ in range(5):
            await client.call("SessionSv1.SyncSessions", {})
            await asyncio.sleep(0.05)
        assert len(asked) <= 1


async def test_an_emergency_passes_whatever_else_is_wrong_and_is_never_cut(open_edge: OpenEdge) -> None:
    async with open_edge(funds_micros=0) as edge:
        switch = await edge.opensips(ToR="*sms", Usage="nonsense")
        for account in (ACCOUNT, "nobody", ""):
            assert await switch.cgrates_auth(account, "112", f"help-{account}") == 1
            assert (await switch.answer(account, "112", f"help-{account}")).lifetime_seconds == 43_200
        await _order_cut(edge)
        await asyncio.sleep(0.5)
        assert all(dialog.engaged for dialog in switch.dialogs.values())
        call = await edge.call()
        assert (call.service, call.charged_micros) == ("emergency", 0)


async def test_a_call_id_that_is_used_again_is_another_call(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        for _ in range(2):
            assert await switch.cgrates_auth(ACCOUNT, GERMAN, "the-same") == 1
            dialog = await switch.answer(ACCOUNT, GERMAN, "the-same")
            await _talk(edge, 40)
            await switch.bye(dialog, 40)
        assert [call.charged_micros for call in (await edge.ledger()).calls] == [477_000, 477_000]


async def test_two_dialogs_of_one_call_id_do_not_run_on_one_grant(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips()
        await switch.cgrates_auth(ACCOUNT, GERMAN, "the-same")
        first = await switch.answer(ACCOUNT, GERMAN, "the-same")
        await switch.cgrates_auth(ACCOUNT, GERMAN, "the-same")
        second = await switch.answer(ACCOUNT, GERMAN, "the-same")
        assert (first.engaged, second.engaged) == (True, False)
        await _talk(edge, 40)
        await switch.bye(first, 40)
        assert (await edge.call()).charged_micros == 477_000


async def test_a_call_id_as_long_as_any_is_one_call_all_the_same(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        switch = await edge.opensips(OriginHost="o" * 200)
        long = "x" * 250
        for call_id in (f"{long}-1", f"{long}-2"):
            await switch.cgrates_auth(ACCOUNT, GERMAN, call_id)
            dialog = await switch.answer(ACCOUNT, GERMAN, call_id)
            await edge.restart()
            await switch.lose()
            await switch.connect(edge.server.port)
            await _talk(edge, 40)
            assert await switch.bye(dialog, 40) == [None]
        assert [call.used_seconds for call in (await edge.ledger()).calls] == [40, 40]


async def test_a_tenant_says_whose_call_it_is_where_the_number_is_nobodys(open_edge: OpenEdge) -> None:
    async with open_edge() as edge:
        organization_id = edge.world.organization_id
        edge.settings["tenants"] = {"example.com": organization_id}
        await edge.restart()
        switch = await edge.opensips(Tenant="example.com")
        assert await switch.cgrates_auth("40311999999", GERMAN, "call-1") == 1
        dialog = await switch.answer("40311999999", GERMAN, "call-1")
        await _talk(edge, 40)
        await switch.bye(dialog, 40)
        assert (await edge.call()).charged_micros == 477_000
        stranger = await edge.opensips(Tenant="example.org")
        assert await stranger.cgrates_auth("40311999999", GERMAN, "call-2") == -2
