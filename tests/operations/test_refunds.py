"""Refunds over the simulated gateway: once per command, never more than is unused, and never lost."""

import asyncio
from dataclasses import replace

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import RefundState
from commcredits.gateways.simulator.faults import Error, LoseAnswer
from commcredits.operations.payment_messages import deal_with_waiting_events
from commcredits.operations.payment_terms import PaymentTerms, RefundPolicy
from commcredits.operations.payments import RESOLVE_AFTER_SECONDS
from commcredits.operations.refunds import list_refunds, refund_top_up, resolve_open_refunds
from commcredits.operations.reports import read_balance
from commcredits.operations.sweeping import sweep_events
from commcredits.storage.payments import TopUpRecord
from commcredits.storage.refunds import RefundRecord, read_refund
from tests.operations.office import SHARD, new_id
from tests.operations.till import FIFTY, Till


async def _refund(
    till: Till, top_up: TopUpRecord, amount_micros: int | None = None, command_id: str = "", *, by_operator: bool = True
) -> RefundRecord | Refused:
    return await refund_top_up(
        till.services,
        organization_id=top_up.organization_id,
        command_id=command_id or new_id(),
        top_up_id=top_up.top_up_id,
        amount_micros=amount_micros,
        reason="asked for",
        requested_by="operator",
        by_operator=by_operator,
    )


async def _bought(till: Till, card: str = "sim_ok") -> TopUpRecord:
    organization = await till.organization()
    return await till.buy(organization, await till.card(organization, card))


async def _given_back(till: Till) -> int:
    totals = await till.control.totals()
    return totals["EUR"].refunded_minor


async def _balance(till: Till, organization_id: str) -> int:
    balance = await read_balance(till.services, organization_id=organization_id)
    assert not isinstance(balance, Refused)
    return balance.posted_micros


async def test_a_part_goes_back_and_then_the_rest_and_never_more(till: Till) -> None:
    top_up = await _bought(till)
    first = await _refund(till, top_up, 20_000_000)
    assert isinstance(first, RefundRecord)
    assert (first.state, first.amount_micros) == (RefundState.REFUNDED, 20_000_000)
    over = await _refund(till, top_up, 30_010_000)
    assert isinstance(over, Refused)
    assert over.code is RefusalCode.NOTHING_TO_REFUND
    rest = await _refund(till, top_up)
    assert isinstance(rest, RefundRecord)
    assert rest.amount_micros == 30_000_000
    assert await _given_back(till) == 5_000
    assert await _balance(till, top_up.organization_id) == 0
    page = await list_refunds(till.services, organization_id=top_up.organization_id, cursor=None, limit=1)
    assert not isinstance(page, Refused)
    assert ([each.refund_id for each in page.items], page.next_cursor) == ([rest.refund_id], rest.refund_id)
    assert await till.books_agree()


async def test_one_command_refunds_once_however_often_and_from_however_many_places(till: Till) -> None:
    top_up = await _bought(till)
    answers = await asyncio.gather(*(_refund(till, top_up, 10_000_000, "the-same") for _ in range(8)))
    assert len({each.refund_id for each in answers if isinstance(each, RefundRecord)}) == 1
    assert await _given_back(till) == 1_000
    other = await _refund(till, top_up, 11_000_000, "the-same")
    assert isinstance(other, Refused)
    assert other.code is RefusalCode.CONFLICT
    assert await _balance(till, top_up.organization_id) == 40_000_000


async def test_many_refunds_at_once_never_give_back_more_than_was_paid(till: Till) -> None:
    top_up = await _bought(till)
    answers = await asyncio.gather(*(_refund(till, top_up, 20_000_000) for _ in range(6)))
    assert sum(isinstance(each, RefundRecord) for each in answers) == 2
    assert await _given_back(till) == 4_000
    assert await till.books_agree()


@pytest.mark.parametrize("before_acting", [True, False])
async def test_a_lost_answer_is_looked_up_and_what_never_arrived_is_sent_again_under_its_key(
    till: Till, *, before_acting: bool
) -> None:
    top_up = await _bought(till)
    await till.control.script(LoseAnswer(before_acting=before_acting), operation="refund")
    lost = await _refund(till, top_up)
    assert isinstance(lost, RefundRecord)
    assert lost.state is RefundState.UNKNOWN
    assert await _balance(till, top_up.organization_id) == 0, "nobody spends what may be on its way back"
    assert (await resolve_open_refunds(till.services)).settled == 0, "its own call may still be under way"
    till.office.clock.advance(seconds=RESOLVE_AFTER_SECONDS + 1)
    assert (await resolve_open_refunds(till.services)).settled == 1
    found = await read_refund(till.services.pool, SHARD, top_up.organization_id, lost.refund_id)
    assert found is not None
    assert found.state is RefundState.REFUNDED
    assert await _given_back(till) == 5_000
    assert await till.books_agree()


async def test_a_refused_refund_returns_the_funds(till: Till) -> None:
    top_up = await _bought(till, "sim_refund_refused")
    refused = await _refund(till, top_up)
    assert isinstance(refused, RefundRecord)
    assert (refused.state, refused.refusal != "") == (RefundState.REFUSED, True)
    assert await _balance(till, top_up.organization_id) == FIFTY
    assert await till.books_agree()


async def test_the_gateways_own_event_settles_a_refund_whose_answer_was_lost(till: Till) -> None:
    top_up = await _bought(till)
    await till.control.script(Error(status=500, after_acting=True), operation="refund")
    lost = await _refund(till, top_up)
    assert isinstance(lost, RefundRecord)
    await sweep_events(till.services)
    await deal_with_waiting_events(till.services)
    found = await read_refund(till.services.pool, SHARD, top_up.organization_id, lost.refund_id)
    assert found is not None
    assert found.state is RefundState.REFUNDED


@pytest.mark.parametrize(
    ("policy", "by_operator", "allowed"),
    [
        (RefundPolicy.NONE, True, False),
        (RefundPolicy.OPERATOR, True, True),
        (RefundPolicy.OPERATOR, False, False),
        (RefundPolicy.ORGANIZATION, False, True),
    ],
)
async def test_the_operators_policy_says_who_may_ask(
    till: Till, policy: RefundPolicy, *, by_operator: bool, allowed: bool
) -> None:
    top_up = await _bought(till)
    till.services = replace(till.services, payments=PaymentTerms(refund_policy=policy))
    answer = await _refund(till, top_up, by_operator=by_operator)
    assert isinstance(answer, RefundRecord) is allowed
    if isinstance(answer, Refused):
        assert answer.facts["refund_policy"] == policy.value
        assert await _given_back(till) == 0


async def test_nobody_refunds_what_another_organization_bought(till: Till) -> None:
    top_up = await _bought(till)
    stranger = await till.organization("Stranger")
    refused = await _refund(till, replace(top_up, organization_id=stranger))
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_TOP_UP
