"""A call over RADIUS: asked for, answered, reported, ended; and what its access server hears of money that arrives."""

import asyncio

import pytest

from commcredits.core.account import ChargingTerms
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.radius.attributes import Attribute, Code, Status
from commcredits.edges.radius.refusals import REFUSALS
from tests.edges.radius.access_server import AccessServer, call_of, of_call
from tests.edges.radius.world import NAME, SWITCH, World, open_world, settings_for
from tests.operations.office import CALLEE, CALLER, soon

SECOND_MICROS = 10_000


async def test_a_call_is_granted_charged_and_ended(world: World) -> None:
    access = world.access
    accept = await access.ask(call_of(CALLER, CALLEE, "a1"))

    assert accept.code == Code.ACCESS_ACCEPT
    assert accept.attributes[0][0] == Attribute.MESSAGE_AUTHENTICATOR
    assert accept.number(Attribute.SESSION_TIMEOUT) == 60
    assert accept.number(Attribute.ACCT_INTERIM_INTERVAL) == 60
    assert await world.money() == (50_000_000, 60 * SECOND_MICROS)

    started = await access.account(Status.START, of_call(accept, "a1"))
    assert started.code == Code.ACCOUNTING_RESPONSE
    assert (await world.call())["state"] == "started"
    world.office.clock.advance(seconds=40)
    await access.account(Status.STOP, of_call(accept, "a1", seconds=40, cause=1))

    call = await world.call()
    assert (call["state"], call["used_seconds"], call["cause"]) == ("ended", 40, "user_request")
    assert call["switch"] == SWITCH
    assert call["session_id"].startswith(f"{NAME}~a1~")
    assert await world.money() == (50_000_000 - 40 * SECOND_MICROS, 0)
    assert await world.flags() == []


async def test_an_interim_update_near_the_end_holds_the_next_slice_and_tells_the_longer_time(world: World) -> None:
    access = world.access
    accept = await access.ask(call_of(CALLER, CALLEE, "a1"))
    await access.account(Status.START, of_call(accept, "a1"))
    world.office.clock.advance(seconds=50)
    await access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50))
    await access.ear.wait_for(1)

    (longer,) = access.ear.heard
    assert longer.code == Code.COA_REQUEST
    assert longer.number(Attribute.SESSION_TIMEOUT) == 110
    assert longer.firsts[Attribute.ACCT_SESSION_ID] == b"a1"
    assert longer.firsts[Attribute.USER_NAME] == CALLER.encode()
    assert access.ear.wrong == []
    assert (await world.call())["granted_seconds"] == 110


async def test_an_interim_update_far_from_the_end_charges_and_holds_nothing_more(database_url: str) -> None:
    async with open_world(database_url, slice_seconds=3_600, interim_seconds=60) as world:
        accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await world.access.account(Status.START, of_call(accept, "a1"))
        world.office.clock.advance(seconds=60)
        await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=60))

        call = await world.call()
        assert (call["granted_seconds"], call["charged_micros"]) == (3_600, 60 * SECOND_MICROS)
        assert world.access.ear.heard == []


async def test_an_access_server_that_cannot_be_told_keeps_its_first_grant(database_url: str) -> None:
    async with open_world(database_url, disconnect_port=0) as world:
        accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await world.access.account(Status.START, of_call(accept, "a1"))
        world.office.clock.advance(seconds=50)
        await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50))

        assert (await world.call())["granted_seconds"] == 60


async def test_a_refused_call_is_told_why(database_url: str) -> None:
    async with open_world(database_url, funds_micros=1) as world:
        reject = await world.access.ask(call_of(CALLER, CALLEE, "a1"))

        assert reject.code == Code.ACCESS_REJECT
        assert reject.attributes[0][0] == Attribute.MESSAGE_AUTHENTICATOR
        assert reject.text(Attribute.REPLY_MESSAGE) == REFUSALS[RefusalCode.INSUFFICIENT_FUNDS]


async def test_a_number_of_nobody_and_a_call_without_numbers_are_refused(world: World) -> None:
    stranger = await world.access.ask(call_of("+40311999999", CALLEE, "a1"))
    assert stranger.text(Attribute.REPLY_MESSAGE) == REFUSALS[RefusalCode.UNKNOWN_NUMBER]
    nothing_said = await world.access.ask(())
    assert nothing_said.text(Attribute.REPLY_MESSAGE) == REFUSALS[RefusalCode.INVALID_INPUT]


async def test_an_emergency_call_passes_without_funds_and_is_recorded(database_url: str) -> None:
    async with open_world(database_url, funds_micros=1) as world:
        accept = await world.access.ask(call_of(CALLER, "112", "a1"))
        assert accept.code == Code.ACCESS_ACCEPT
        assert accept.number(Attribute.SESSION_TIMEOUT) == 86_400
        await world.access.account(Status.START, of_call(accept, "a1"))
        world.office.clock.advance(seconds=50)
        await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50))
        world.office.clock.advance(seconds=40)
        await world.access.account(Status.STOP, of_call(accept, "a1", seconds=90))

        call = await world.call()
        assert (call["service"], call["used_seconds"], call["charged_micros"]) == ("emergency", 90, 0)
        assert world.access.ear.heard == []


async def test_an_emergency_call_of_nobody_passes_too(world: World) -> None:
    accept = await world.access.ask(call_of("anonymous", "112", "a1"))
    assert (accept.code, accept.all_of(Attribute.CLASS)) == (Code.ACCESS_ACCEPT, [])
    stopped = await world.access.account(Status.STOP, of_call(accept, "a1", seconds=5))
    assert stopped.code == Code.ACCOUNTING_RESPONSE


@pytest.mark.alone
async def test_funds_that_arrive_extend_a_running_call_within_a_second(database_url: str) -> None:
    async with open_world(database_url, funds_micros=300_000) as world:
        access = world.access
        accept = await access.ask(call_of(CALLER, CALLEE, "a1"))
        assert accept.number(Attribute.SESSION_TIMEOUT) == 30
        await access.account(Status.START, of_call(accept, "a1"))
        world.office.clock.advance(seconds=10)
        waits = []
        for times, amount_micros in enumerate((50_000, 50_000, 5_000_000), 1):
            await world.office.grant(world.organization_id, amount_micros)
            arrived_at = asyncio.get_running_loop().time()
            await access.ear.wait_for(times)
            waits.append(asyncio.get_running_loop().time() - arrived_at)

        assert min(waits) < 1, "a busy machine may spoil one of them"
        assert {each.code for each in access.ear.heard} == {Code.COA_REQUEST}
        assert [each.number(Attribute.SESSION_TIMEOUT) for each in access.ear.heard] == [35, 40, 60]


async def test_funds_extend_a_call_that_was_asked_for_before_a_restart_of_ours(database_url: str) -> None:
    async with open_world(database_url, funds_micros=300_000) as world:
        accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await world.access.account(Status.START, of_call(accept, "a1"))
        await world.restart(settings_for(world.access))
        world.office.clock.advance(seconds=10)
        await world.office.grant(world.organization_id, 5_000_000)
        await world.access.ear.wait_for(1)

        assert world.access.ear.heard[0].number(Attribute.SESSION_TIMEOUT) == 60
        assert world.access.ear.heard[0].firsts[Attribute.ACCT_SESSION_ID] == b"a1"


async def test_a_fall_of_the_balance_shortens_nothing(database_url: str) -> None:
    async with open_world(database_url, funds_micros=600_000) as world:
        accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await world.access.account(Status.START, of_call(accept, "a1"))
        second = await world.access.ask(call_of(CALLER, CALLEE, "a2"))
        assert second.code == Code.ACCESS_REJECT
        world.office.clock.advance(seconds=50)
        await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50))

        assert (await world.call_named("a1"))["granted_seconds"] == 60
        assert world.access.ear.heard == []


async def test_a_call_goes_on_over_a_restart_of_ours_and_is_charged_right(world: World) -> None:
    access = world.access
    accept = await access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.restart(settings_for(access))
    await access.account(Status.START, of_call(accept, "a1"))
    world.office.clock.advance(seconds=50)
    await world.restart(settings_for(access))
    await access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50))
    world.office.clock.advance(seconds=45)
    await world.restart(settings_for(access))
    await access.account(Status.STOP, of_call(accept, "a1", seconds=95))

    assert (await world.call())["charged_micros"] == 95 * SECOND_MICROS
    assert await world.flags() == []


async def test_a_call_whose_class_is_not_sent_back_is_known_by_its_own_id(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    without = tuple(each for each in of_call(accept, "a1", seconds=7) if each[0] != Attribute.CLASS)
    await world.access.account(Status.START, without)
    world.office.clock.advance(seconds=7)
    await world.access.account(Status.STOP, without)

    assert (await world.call())["used_seconds"] == 7


async def test_a_call_without_an_id_of_its_own_is_known_by_its_class(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE))
    await world.access.account(Status.START, of_call(accept, "told-later"))
    world.office.clock.advance(seconds=50)
    await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "told-later", seconds=50))
    await world.access.ear.wait_for(1)
    assert world.access.ear.heard[0].firsts[Attribute.ACCT_SESSION_ID] == b"told-later"
    await world.access.account(Status.STOP, of_call(accept, "told-later", seconds=50))

    assert (await world.call())["used_seconds"] == 50


async def test_an_id_that_comes_again_later_is_another_call(world: World) -> None:
    for _ in range(2):
        accept = await world.access.ask(call_of(CALLER, CALLEE, "0000001"))
        await world.access.account(Status.START, of_call(accept, "0000001"))
        world.office.clock.advance(seconds=5)
        await world.access.account(Status.STOP, of_call(accept, "0000001", seconds=5))

    assert [call["used_seconds"] for call in await world.calls()] == [5, 5]


async def test_an_end_without_seconds_is_charged_by_the_clock_since_its_start(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.account(Status.START, of_call(accept, "a1", delay=20))
    world.office.clock.advance(seconds=20)
    await world.access.account(Status.STOP, of_call(accept, "a1"))

    assert (await world.call())["used_seconds"] == 20


async def test_a_call_that_is_never_heard_of_again_lets_go_of_its_money(database_url: str) -> None:
    async with open_world(database_url, ring_seconds_max=1) as world:
        await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await _until_nothing_is_held(world)

        call = await world.call()
        assert (call["state"], call["used_seconds"], call["cause"]) == ("ended", 0, "not_answered")


async def test_a_call_that_was_given_up_and_had_been_answered_is_charged_all_the_same(database_url: str) -> None:
    async with open_world(database_url, ring_seconds_max=1) as world:
        accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await _until_nothing_is_held(world)
        world.office.clock.advance(seconds=70)
        await world.access.account(Status.START, of_call(accept, "a1"))
        await world.access.ear.wait_for(1)
        assert world.access.ear.heard[0].code == Code.DISCONNECT_REQUEST
        attributes = (*of_call(accept, "a1", seconds=66), *call_of(CALLER, CALLEE))
        await world.access.account(Status.STOP, attributes)

        assert await world.money() == (50_000_000 - 66 * SECOND_MICROS, 0)


async def test_a_call_that_the_books_closed_for_silence_is_cut_when_it_is_heard_of_again(database_url: str) -> None:
    async with open_world(database_url, charging=ChargingTerms(slice_seconds=60)) as world:
        accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await world.access.account(Status.START, of_call(accept, "a1"))
        world.office.clock.advance(seconds=600)
        await world.reap()
        await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=600))
        await world.access.ear.wait_for(1)

        assert world.access.ear.heard[0].code == Code.DISCONNECT_REQUEST


@pytest.mark.parametrize("status", [Status.ACCOUNTING_ON, Status.ACCOUNTING_OFF])
async def test_the_calls_of_an_access_server_that_was_restarted_are_ended(world: World, status: Status) -> None:
    running = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.account(Status.START, of_call(running, "a1"))
    world.office.clock.advance(seconds=30)
    await world.access.account(Status.INTERIM_UPDATE, of_call(running, "a1", seconds=30))
    await world.access.ask(call_of(CALLER, CALLEE, "a2"))
    answer = await world.access.account(status)

    assert answer.code == Code.ACCOUNTING_RESPONSE
    assert {(call["state"], call["cause"], call["used_seconds"]) for call in await world.calls()} == {
        ("ended", "gone_from_switch", 30),
        ("ended", "gone_from_switch", 0),
    }
    assert (await world.money())[1] == 0


async def test_calls_that_only_the_books_know_of_are_ended_too(world: World) -> None:
    running = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.account(Status.START, of_call(running, "a1"))
    await world.restart(settings_for(world.access))
    world.office.clock.advance(seconds=30)
    await world.access.account(Status.ACCOUNTING_ON)

    assert (await world.call())["cause"] == "gone_from_switch"


async def test_a_restart_behind_a_proxy_leaves_the_calls_of_others_alone(database_url: str) -> None:
    async with open_world(database_url, proxy=True) as world:
        one = await world.access.ask(call_of(CALLER, CALLEE, "a1", nas_identifier="one"))
        await world.access.ask(call_of(CALLER, CALLEE, "a1", nas_identifier="two"))
        await world.access.account(Status.ACCOUNTING_ON, ((int(Attribute.NAS_IDENTIFIER), b"two"),))

        assert {(call["switch"], call["state"]) for call in await world.calls()} == {
            (f"{SWITCH}__one", "authorised"),
            (f"{SWITCH}__two", "ended"),
        }
        await world.access.account(
            Status.STOP, (*of_call(one, "a1", seconds=0), (int(Attribute.NAS_IDENTIFIER), b"one"))
        )


async def test_a_call_that_somebody_wants_cut_is_cut_and_that_is_told(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.account(Status.START, of_call(accept, "a1"))
    await world.order_cut()
    await world.access.ear.wait_for(1)

    assert world.access.ear.heard[0].code == Code.DISCONNECT_REQUEST
    assert world.access.ear.heard[0].firsts[Attribute.ACCT_SESSION_ID] == b"a1"
    await world.until_told()


async def test_a_cut_that_is_lost_is_sent_again(world: World) -> None:
    world.access.ear.answers = [None]
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.account(Status.START, of_call(accept, "a1"))
    await world.order_cut()
    await world.access.ear.wait_for(2)

    first, second = world.access.ear.heard
    assert first.raw == second.raw
    await world.until_told()


async def test_a_cut_of_a_call_that_its_access_server_has_not_counts_as_done(world: World) -> None:
    world.access.ear.answers = [(Code.DISCONNECT_NAK, 503)]
    await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.order_cut()
    await world.until_told()


async def test_a_cut_that_is_refused_is_ordered_again(world: World) -> None:
    world.access.ear.answers = [(Code.DISCONNECT_NAK, 506)]
    await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.order_cut()
    await world.access.ear.wait_for(1)
    assert not await world.is_told()
    world.office.clock.advance(seconds=3)
    await world.until_told()


async def test_a_call_over_ipv6_is_granted_extended_and_ended(database_url: str) -> None:
    async with open_world(database_url, host="::1", address="::1/128") as world:
        accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await world.access.account(Status.START, of_call(accept, "a1"))
        world.office.clock.advance(seconds=50)
        await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50))
        await world.access.ear.wait_for(1)
        assert world.access.ear.heard[0].number(Attribute.SESSION_TIMEOUT) == 110
        await world.access.account(Status.STOP, of_call(accept, "a1", seconds=50))
        assert (await world.call())["used_seconds"] == 50


async def test_the_calls_of_a_network_belong_to_the_address_that_asks(database_url: str) -> None:
    async with open_world(database_url, address="127.0.0.0/8") as world:
        other = AccessServer(world.access.ports, host="127.0.0.2")
        await other.open()
        await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await other.ask(call_of(CALLER, CALLEE, "a1"))
        await other.close()

        assert {call["switch"] for call in await world.calls()} == {f"{SWITCH}__127.0.0.1", f"{SWITCH}__127.0.0.2"}


async def _until_nothing_is_held(world: World) -> None:
    held = [1]

    async def look() -> None:
        while held[0]:
            held[0] = (await world.money())[1]
            await asyncio.sleep(0.05)

    looking = asyncio.create_task(look())
    await soon(looking.done)
    await looking
