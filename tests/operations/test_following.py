"""Running calls follow the money: who is told what, once, and who is not."""

import asyncio
from collections import Counter
from typing import cast

import asyncpg
import pytest

from commcredits.core.commands import End, SetBlock, Start
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import BlockedKind
from commcredits.operations.call_cuts import CutOrder, cut_call
from commcredits.operations.following import CallOrder, Following, OrderKind
from commcredits.storage.connection import Pool, load_statement
from tests.operations.office import SHARD, Office, new_id, soon
from tests.operations.switching import SWITCH, following_of

UNIT = 1_000_000


async def _short_of_money(office: Office, session_id: str = "call-1", switch: str = SWITCH) -> str:
    """An organization with a running call whose grant its balance limits."""
    organization_id = await office.calling_organization(funds_micros=UNIT)
    granted = await office.authorise(organization_id, session_id, switch=switch, slice_seconds=14_400)
    assert not isinstance(granted, Refused)
    assert granted.final
    await office.execute(Start(organization_id=organization_id, session_id=session_id))
    return organization_id


def _told(orders: list[CallOrder], organization_id: str) -> list[tuple[OrderKind, str, str]]:
    return [(each.kind, each.session_id, each.reason) for each in orders if each.organization_id == organization_id]


async def test_funds_that_arrive_make_the_calls_that_lacked_them_ask_again_once(office: Office) -> None:
    organization_id = await _short_of_money(office)
    following = following_of(office)
    await following.look()
    await office.grant(organization_id, 5 * UNIT)
    assert _told(await following.look(), organization_id) == [(OrderKind.RENEW, "call-1", "funds")]
    assert _told(await following.look(), organization_id) == []
    await office.grant(organization_id, 5 * UNIT)
    assert _told(await following.look(), organization_id) == [(OrderKind.RENEW, "call-1", "funds")]


async def test_a_process_that_has_just_started_tells_of_what_arrived_a_moment_before(office: Office) -> None:
    organization_id = await _short_of_money(office)
    await office.grant(organization_id, 5 * UNIT)
    assert _told(await following_of(office).look(), organization_id) == [(OrderKind.RENEW, "call-1", "funds")]


async def test_an_order_that_a_switch_could_not_take_now_is_given_again_once(office: Office) -> None:
    organization_id = await _short_of_money(office)
    await office.grant(organization_id, 5 * UNIT)
    following = following_of(office)
    (order,) = [each for each in await following.look() if each.organization_id == organization_id]
    following.again(order)
    assert [each for each in await following.look() if each.organization_id == organization_id] == [order]
    assert _told(await following.look(), organization_id) == []


async def test_funds_and_a_block_that_come_together_reach_every_call_once(office: Office) -> None:
    organization_id = await _short_of_money(office)
    await office.grant(organization_id, 5 * UNIT)
    await office.authorise(organization_id, "call-2", switch=SWITCH)
    await office.execute(
        SetBlock(organization_id=organization_id, command_id=new_id(), kind=BlockedKind.DESTINATION, subject="GB")
    )
    following = following_of(office)
    told = _told(await following.look(), organization_id)
    assert sorted(told) == [(OrderKind.RENEW, "call-1", "funds"), (OrderKind.RENEW, "call-2", "block")]
    assert _told(await following.look(), organization_id) == []


class _CountingPool:
    """The office's pool, which counts the statements that go through it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.statements: Counter[str] = Counter()

    async def fetch(self, statement: str, *parameters: object) -> list[asyncpg.Record]:
        self.statements[statement] += 1
        return await self._pool.fetch(statement, *parameters)


async def test_calls_are_read_once_for_each_lot_however_often_it_is_looked(office: Office) -> None:
    """An organization of thousands of calls that tops up again and again would leave a process no time for others."""
    organization_id = await _short_of_money(office)
    pool = _CountingPool(office.services.pool)
    following = Following(pool=cast("Pool", pool), shard_id=SHARD, protocol="kamailio", clock=office.clock)
    await following.look()
    before = pool.statements[load_statement("list_calls_to_renew")]
    for _lot in range(3):
        await office.grant(organization_id, UNIT)
        for _look in range(4):
            await following.look()
    assert pool.statements[load_statement("list_calls_to_renew")] - before == 3


async def test_a_call_that_money_did_not_limit_is_left_alone(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.authorise(organization_id, "call-1", switch=SWITCH)
    following = following_of(office)
    await following.look()
    await office.grant(organization_id, 5 * UNIT)
    assert _told(await following.look(), organization_id) == []


async def test_only_the_edge_of_a_calls_own_protocol_is_told(office: Office) -> None:
    organization_id = await _short_of_money(office, switch="diameter:ocs.example.com")
    await office.grant(organization_id, 5 * UNIT)
    assert _told(await following_of(office).look(), organization_id) == []
    assert len(_told(await following_of(office, "diameter").look(), organization_id)) == 1


async def test_a_call_that_is_over_and_one_without_a_link_are_not_told_of(office: Office) -> None:
    over, unlinked = await _short_of_money(office), await _short_of_money(office, switch="")
    await office.execute(End(organization_id=over, session_id="call-1", used_seconds=5))
    for organization_id in (over, unlinked):
        await office.grant(organization_id, 5 * UNIT)
    orders = await following_of(office).look()
    assert _told(orders, over) == _told(orders, unlinked) == []


async def test_a_block_makes_running_calls_ask_again(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.authorise(organization_id, "call-1", switch=SWITCH)
    following = following_of(office)
    await following.look()
    await office.execute(
        SetBlock(organization_id=organization_id, command_id=new_id(), kind=BlockedKind.DESTINATION, subject="GB")
    )
    assert _told(await following.look(), organization_id) == [(OrderKind.RENEW, "call-1", "block")]


async def test_an_order_to_cut_is_given_until_the_switch_has_taken_it(office: Office) -> None:
    organization_id = await _short_of_money(office)
    following = following_of(office)
    await following.look()
    ordered = await cut_call(
        office.services, organization_id=organization_id, session_id="call-1", reason="fraud", ordered_by="operator"
    )
    assert isinstance(ordered, CutOrder)
    assert ordered.switch == SWITCH
    (order,) = [each for each in await following.look() if each.organization_id == organization_id]
    assert (order.kind, order.reason) == (OrderKind.CUT, "fraud")
    assert _told(await following.look(), organization_id) == []
    office.clock.advance(seconds=3)
    assert len(_told(await following.look(), organization_id)) == 1
    await following.told(order)
    office.clock.advance(seconds=3)
    assert _told(await following.look(), organization_id) == []


async def test_an_order_to_cut_a_call_that_ended_meanwhile_is_given_to_nobody(office: Office) -> None:
    organization_id = await _short_of_money(office)
    await cut_call(
        office.services, organization_id=organization_id, session_id="call-1", reason="fraud", ordered_by="operator"
    )
    await office.execute(End(organization_id=organization_id, session_id="call-1", used_seconds=5))
    assert _told(await following_of(office).look(), organization_id) == []


@pytest.mark.parametrize(
    ("session_id", "switch", "code"),
    [
        ("over", SWITCH, RefusalCode.SESSION_ENDED),
        ("unlinked", "", RefusalCode.SWITCH_NOT_LINKED),
        ("nobody", "", RefusalCode.UNKNOWN_SESSION),
    ],
)
async def test_what_cannot_be_cut_is_refused(office: Office, session_id: str, switch: str, code: RefusalCode) -> None:
    organization_id = await office.calling_organization()
    if session_id != "nobody":
        await office.authorise(organization_id, session_id, switch=switch)
    if session_id == "over":
        await office.end(organization_id, session_id, 5)
    refused = await cut_call(
        office.services, organization_id=organization_id, session_id=session_id, reason="fraud", ordered_by="operator"
    )
    assert isinstance(refused, Refused)
    assert refused.code is code


@pytest.mark.parametrize("reason", ["", "two words", "Fraud", 'x"\r\nVia: me', "x" * 65])
async def test_a_reason_that_a_header_could_not_carry_is_refused(office: Office, reason: str) -> None:
    organization_id = await office.calling_organization()
    refused = await cut_call(
        office.services, organization_id=organization_id, session_id="call-1", reason=reason, ordered_by="operator"
    )
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "reason"


async def test_orders_are_delivered_as_they_come_and_one_that_cannot_be_stops_no_other(office: Office) -> None:
    organizations = [await _short_of_money(office, session_id) for session_id in ("call-1", "call-2")]
    delivered: list[str] = []

    def deliver(order: CallOrder) -> None:
        if order.organization_id not in organizations:
            return
        delivered.append(order.session_id)
        if len(delivered) == 1:
            raise RuntimeError("an edge's bug")

    task = asyncio.create_task(following_of(office).follow(deliver))
    for organization_id in organizations:
        await office.grant(organization_id, UNIT)
    await soon(lambda: len(set(delivered)) == 2)
    task.cancel()
