"""What comes in wrong, twice, late or from strangers: it harms nobody, and the operator hears of it."""

import asyncio
import os
import random
from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.edges.radius.attributes import Attribute, Code, Status
from commcredits.edges.radius.packets import number_value, write_attributes, write_request
from tests.edges.radius.access_server import SECRET, WAIT_SECONDS, AccessServer, call_of, nothing, of_call
from tests.edges.radius.world import World, open_world, settings_for
from tests.operations.office import CALLEE, CALLER, soon

Logs = list[MutableMapping[str, Any]]


def _said(logs: Logs) -> list[str]:
    return [each["event"] for each in logs]


async def _still_serves(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, f"still-{os.urandom(4).hex()}"))
    assert accept.code == Code.ACCESS_ACCEPT


async def _impatient(world: World, **changed: Any) -> AccessServer:
    access = AccessServer(world.access.ports, **changed)
    access.wait_seconds = 0.3
    await access.open()
    return access


async def test_a_wrong_secret_gets_no_answer_and_is_logged_without_it(world: World) -> None:
    liar = await _impatient(world, secret="another-secret-of-somebody")
    with capture_logs() as logs:
        assert await nothing(lambda: liar.ask(call_of(CALLER, CALLEE, "a1")))
        assert await nothing(lambda: liar.account(Status.START))
        assert await nothing(lambda: liar.account(Status.START))
    await liar.close()

    assert _said(logs) == ["wrong secret"], "the same complaint is told once in a while"
    assert logs[0]["peer"] == "gateway"
    assert not {SECRET, "another-secret-of-somebody", CALLER} & set(str(logs).replace("'", " ").split())
    assert await world.calls() == []
    await _still_serves(world)


async def test_a_stranger_gets_no_answer(world: World) -> None:
    stranger = await _impatient(world, host="127.0.0.9")
    with capture_logs() as logs:
        assert await nothing(lambda: stranger.ask(call_of(CALLER, CALLEE, "a1")))
    await stranger.close()
    assert [(each["event"], each["address"]) for each in logs] == [("packet from a stranger", "127.0.0.9")]


async def test_a_request_without_message_authenticator_gets_no_answer(world: World) -> None:
    access = await _impatient(world)
    body = write_attributes(call_of(CALLER, CALLEE, "a1"))
    bare = b"\x01\x05" + (20 + len(body)).to_bytes(2, "big") + os.urandom(16) + body
    with capture_logs() as logs:
        assert await nothing(lambda: access.exchange(access.ports[0], bare))
    await access.close()
    assert _said(logs) == ["request without Message-Authenticator"]


async def test_a_password_that_somebody_sends_is_not_looked_at(world: World) -> None:
    accept = await world.access.ask((*call_of(CALLER, CALLEE, "a1"), (2, os.urandom(16)), (3, os.urandom(17))))
    assert accept.code == Code.ACCESS_ACCEPT


async def test_a_status_request_is_answered_on_both_ports(world: World) -> None:
    for port, code in zip(world.access.ports, (Code.ACCESS_ACCEPT, Code.ACCOUNTING_RESPONSE), strict=True):
        status = world.access.access_request((), Code.STATUS_SERVER)
        answer = await world.access.exchange(port, status)
        assert answer.code == code
        assert answer.attributes[0][0] == Attribute.MESSAGE_AUTHENTICATOR


async def test_packets_of_another_kind_get_no_answer(world: World) -> None:
    access = await _impatient(world)
    request = access.access_request(call_of(CALLER, CALLEE, "a1"))
    cut = write_request(Code.DISCONNECT_REQUEST, 3, (), SECRET.encode())
    with capture_logs() as logs:
        assert await nothing(lambda: access.exchange(access.ports[1], request))
        assert await nothing(lambda: access.exchange(access.ports[0], cut))
    await access.close()
    assert _said(logs) == ["packet of another kind"]


async def test_a_repeated_request_gets_the_same_answer_and_is_charged_once(world: World) -> None:
    access = world.access
    accept = await access.ask(call_of(CALLER, CALLEE, "a1"))
    again = await access.exchange(*access.last)
    assert again.raw == accept.raw
    await access.account(Status.START, of_call(accept, "a1"))
    world.office.clock.advance(seconds=40)
    first = await access.account(Status.STOP, of_call(accept, "a1", seconds=40))
    second = await access.exchange(*access.last)
    assert first.raw == second.raw

    assert (await world.call())["used_seconds"] == 40
    assert await world.money() == (50_000_000 - 400_000, 0)


async def test_a_request_that_is_repeated_before_its_answer_is_worked_on_once(world: World) -> None:
    access = world.access
    request = access.access_request(call_of(CALLER, CALLEE))
    for _ in range(20):
        access.send(access.ports[0], request)
    await access.exchange(access.ports[0], request)
    assert len(await world.calls()) == 1


async def test_the_same_request_after_a_restart_of_ours_is_the_same_call(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE))
    port, request = world.access.last
    assert port
    await world.restart(settings_for(world.access))
    again = await world.access.exchange(world.access.ports[0], request)
    assert again.raw == accept.raw
    assert len(await world.calls()) == 1


async def test_a_new_request_for_the_same_call_is_the_same_call(world: World) -> None:
    await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.move()
    await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    assert len(await world.calls()) == 1


async def test_a_report_that_comes_again_with_another_identifier_changes_nothing(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.account(Status.START, of_call(accept, "a1"))
    world.office.clock.advance(seconds=50)
    for delay in (0, 5, 10):
        await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50, delay=delay))
    for delay in (0, 5, 10):
        await world.access.account(Status.STOP, of_call(accept, "a1", seconds=50, delay=delay))
    assert (await world.call())["charged_micros"] == 500_000


async def test_reports_in_any_order_come_to_the_same(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    world.office.clock.advance(seconds=50)
    await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50))
    await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=20))
    await world.access.account(Status.START, of_call(accept, "a1"))
    await world.access.account(Status.STOP, of_call(accept, "a1", seconds=50))
    await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=45))
    await world.access.account(Status.START, of_call(accept, "a1"))

    call = await world.call()
    assert (call["state"], call["used_seconds"], call["charged_micros"]) == ("ended", 50, 500_000)
    assert [each.code for each in world.access.ear.heard] == [Code.COA_REQUEST], "nothing is cut that has ended"


async def test_a_clock_that_is_set_back_loses_no_report(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.account(Status.START, of_call(accept, "a1"))
    world.office.clock.advance(seconds=50)
    await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=50))
    world.office.clock.advance(seconds=-20)
    await world.restart(settings_for(world.access))
    await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1", seconds=55))
    assert (await world.call())["used_seconds"] == 55


async def test_accounting_of_a_call_that_nobody_asked_for_is_answered_and_told(world: World) -> None:
    strange = ((int(Attribute.ACCT_SESSION_ID), b"never-asked"), (int(Attribute.ACCT_SESSION_TIME), number_value(9)))
    with capture_logs() as logs:
        for status in (Status.START, Status.INTERIM_UPDATE, Status.STOP):
            assert (await world.access.account(status, strange)).code == Code.ACCOUNTING_RESPONSE
    assert _said(logs) == ["accounting of a call that nobody asked for"]
    assert await world.calls() == []


async def test_reports_without_seconds_are_answered_and_change_nothing(world: World) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    with capture_logs() as logs:
        await world.access.account(Status.INTERIM_UPDATE, of_call(accept, "a1"))
        await world.access.account(Status.STOP, of_call(accept, "a1"))
        await world.access.account(Status.STOP, of_call(accept, "a1", seconds=2**32 - 1))
    assert _said(logs) == ["interim update without Acct-Session-Time", "end of a call without Acct-Session-Time"]
    assert (await world.call())["state"] == "authorised"


async def test_accounting_of_other_kinds_is_answered(world: World) -> None:
    failed = ((int(Attribute.ACCT_STATUS_TYPE), number_value(15)),)
    signed = write_request(Code.ACCOUNTING_REQUEST, 9, failed, SECRET.encode())
    answer = await world.access.exchange(world.access.ports[1], signed)
    assert answer.code == Code.ACCOUNTING_RESPONSE
    assert answer.attributes == (), "no two programs compute a Message-Authenticator alike here"


class _Busy:
    """A submitter that is busy for a while."""

    def __init__(self, busy: int, inner: Any) -> None:
        self.busy = busy
        self._inner = inner

    def submit(self, command: Any, callback: Any) -> None:
        if self.busy:
            self.busy -= 1
            outcome: Outcome = Refused(code=RefusalCode.BUSY)
            callback(outcome)
        else:
            self._inner.submit(command, callback)


async def test_trouble_of_ours_is_silence_and_the_next_try_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = _Busy(1, world.parts.desk._submitter)  # noqa: SLF001 # a queue that is full cannot be had on demand
    monkeypatch.setattr(world.parts.desk, "_submitter", busy)
    access = await _impatient(world)
    assert await nothing(lambda: access.ask(call_of(CALLER, CALLEE, "a1")))
    accept = await access.exchange(*access.last, wait_seconds=WAIT_SECONDS)
    assert accept.code == Code.ACCESS_ACCEPT
    busy.busy = 1
    assert await nothing(lambda: access.account(Status.START, of_call(accept, "a1")))
    assert (await access.exchange(*access.last, wait_seconds=WAIT_SECONDS)).code == Code.ACCOUNTING_RESPONSE
    await access.close()


async def test_a_restart_that_meets_trouble_of_ours_is_told_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
    await world.access.account(Status.START, of_call(accept, "a1"))
    monkeypatch.setattr(world.parts.desk, "_submitter", _Busy(1, world.parts.desk._submitter))  # noqa: SLF001 # nothing else is busy on demand
    access = await _impatient(world)
    assert await nothing(lambda: access.account(Status.ACCOUNTING_ON))
    assert (await access.exchange(*access.last, wait_seconds=WAIT_SECONDS)).code == Code.ACCOUNTING_RESPONSE
    await access.close()
    assert (await world.call())["cause"] == "gone_from_switch"


async def test_a_stop_answers_what_was_asked(world: World) -> None:
    answers = [asyncio.create_task(world.access.ask(call_of(CALLER, CALLEE, f"a{each}"))) for each in range(20)]
    await asyncio.sleep(0.005)
    await world.server.stop()
    calls = len(await world.calls())
    await soon(lambda: sum(each.done() for each in answers) >= calls)
    done, waiting = await asyncio.wait(answers, timeout=0.1)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert len(done) == calls


DAMAGE = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 8), st.binary(max_size=8)), max_size=4)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_any_bytes_harm_nobody(world: World, data: st.DataObject) -> None:
    access = world.access
    whole = [
        access.access_request(call_of(CALLER, CALLEE, "fuzz")),
        write_request(Code.ACCOUNTING_REQUEST, 4, call_of(CALLER, CALLEE, "fuzz"), SECRET.encode()),
        b"",
    ]
    datagram = bytearray(data.draw(st.sampled_from(whole)))
    for place, gone, more in data.draw(DAMAGE):
        datagram[place : place + gone] = more
    with capture_logs() as logs:
        for port in access.ports:
            access.send(port, bytes(datagram[:9_000]))
        await _both_still_answer(access)
    assert not [each for each in logs if each["log_level"] == "error"]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([1, 4, 25, 30, 31, 32, 33, 40, 41, 44, 46, 49, 55, 95, 26]), st.binary(max_size=253)),
        max_size=14,
    ),
    st.sampled_from(list(Status)),
)
async def test_any_attributes_with_a_good_proof_harm_nobody(
    world: World, content: list[tuple[int, bytes]], status: Status
) -> None:
    access = world.access
    secret = SECRET.encode()
    told = ((int(Attribute.ACCT_STATUS_TYPE), number_value(status)), *content)
    with capture_logs() as logs:
        access.send(access.ports[0], access.access_request(tuple(content)))
        access.send(access.ports[1], write_request(Code.ACCOUNTING_REQUEST, access.identifier(), told, secret))
        await _both_still_answer(access)
    assert not [each for each in logs if each["log_level"] == "error"]


async def _both_still_answer(access: AccessServer) -> None:
    for port in access.ports:
        await access.exchange(port, access.access_request((), Code.STATUS_SERVER))


async def test_a_flood_of_packets_that_prove_nothing_leaves_calls_alone(world: World) -> None:
    liar = await _impatient(world, secret="another-secret-of-somebody")
    chance = random.Random(7)
    with capture_logs() as logs:
        for _ in range(2_000):
            liar.send(liar.ports[0], liar.access_request(call_of(CALLER, CALLEE, "flood")))
            liar.send(liar.ports[1], chance.randbytes(60))
        await _still_serves(world)
    await liar.close()
    assert len(logs) < 6
    assert len(await world.calls()) == 1


async def test_a_change_is_not_taken_for_done_by_an_answer_of_somebody_else(database_url: str) -> None:
    async with open_world(database_url) as world:
        world.access.ear.secret = b"another-secret-of-somebody"
        accept = await world.access.ask(call_of(CALLER, CALLEE, "a1"))
        await world.access.account(Status.START, of_call(accept, "a1"))
        with capture_logs() as logs:
            await world.order_cut()
            await world.access.ear.wait_for(1)
            await soon(lambda: "answer to a change with a wrong proof" in _said(logs))
        assert not await world.is_told()


async def test_a_request_whose_answer_would_be_too_long_gets_none(world: World) -> None:
    access = await _impatient(world)
    full = [(int(Attribute.PROXY_STATE), bytes(253))] * 15 + [(int(Attribute.PROXY_STATE), bytes(170))]
    assert await nothing(lambda: access.ask((*full, *call_of(CALLER, "112"))))
    await access.close()
    await _still_serves(world)
