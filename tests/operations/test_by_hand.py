"""Payments and refunds by hand: a person says once whether the money moved, and nothing is granted before."""

import asyncio
from dataclasses import replace
from typing import NoReturn

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import RefundState, TopUpState
from commcredits.operations.by_hand import confirm_payment, confirm_refund, reject_payment, reject_refund
from commcredits.operations.payments import GIVE_UP_AFTER_SECONDS, RESOLVE_AFTER_SECONDS, resolve_open_top_ups
from commcredits.operations.refunds import refund_top_up, resolve_open_refunds
from commcredits.operations.reports import read_balance
from commcredits.storage.payments import TopUpRecord
from commcredits.storage.refunds import RefundRecord
from tests.operations.office import new_id
from tests.operations.till import FIFTY, Till


async def _asked(till: Till) -> TopUpRecord:
    organization = await till.organization()
    return await till.buy(organization, await till.by_hand(organization))


async def _confirm(till: Till, top_up: TopUpRecord, by: str = "ana") -> TopUpRecord | Refused:
    return await confirm_payment(
        till.services,
        organization_id=top_up.organization_id,
        top_up_id=top_up.top_up_id,
        reference="statement 7",
        confirmed_by=by,
    )


async def _reject(till: Till, top_up: TopUpRecord) -> TopUpRecord | Refused:
    return await reject_payment(
        till.services,
        organization_id=top_up.organization_id,
        top_up_id=top_up.top_up_id,
        reason="never came",
        rejected_by="ion",
    )


async def _posted(till: Till, organization_id: str) -> int:
    balance = await read_balance(till.services, organization_id=organization_id)
    assert not isinstance(balance, Refused)
    return balance.posted_micros


async def test_a_transfer_grants_nothing_until_somebody_has_seen_the_money(till: Till) -> None:
    top_up = await _asked(till)
    assert top_up.state is TopUpState.PROCESSING
    till.office.clock.advance(seconds=10 * GIVE_UP_AFTER_SECONDS)
    await resolve_open_top_ups(till.services)
    assert (await till.shown(top_up)).state is TopUpState.PROCESSING
    assert await _posted(till, top_up.organization_id) == 0
    answers = await asyncio.gather(*(_confirm(till, top_up) for _ in range(4)))
    assert [each.state for each in answers if isinstance(each, TopUpRecord)] == [TopUpState.SUCCEEDED] * 4
    assert await _posted(till, top_up.organization_id) == FIFTY
    said = await till.services.pool.fetchrow("select verdict, reference, said_by from hand_verdicts")
    assert said is not None
    assert tuple(said) == ("confirmed", "statement 7", "ana")
    assert await till.books_agree()


async def test_of_two_who_disagree_the_first_is_believed(till: Till) -> None:
    for _ in range(3):
        top_up = await _asked(till)
        confirmed, rejected = await asyncio.gather(_confirm(till, top_up), _reject(till, top_up))
        refused = [each for each in (confirmed, rejected) if isinstance(each, Refused)]
        assert [each.code for each in refused] == [RefusalCode.PAYMENT_NOT_OPEN]
        is_paid = (await till.shown(top_up)).state is TopUpState.SUCCEEDED
        assert is_paid is isinstance(confirmed, TopUpRecord)
        assert await _posted(till, top_up.organization_id) == (FIFTY if is_paid else 0)


async def test_a_rejected_transfer_grants_nothing_and_cannot_be_confirmed_any_more(till: Till) -> None:
    top_up = await _asked(till)
    for _ in range(2):
        rejected = await _reject(till, top_up)
        assert isinstance(rejected, TopUpRecord)
        assert (rejected.state, rejected.reason) == (TopUpState.DECLINED, "rejected")
    late = await _confirm(till, top_up)
    assert isinstance(late, Refused)
    assert late.code is RefusalCode.PAYMENT_NOT_OPEN
    assert await _posted(till, top_up.organization_id) == 0


async def test_what_a_gateway_tells_itself_nobody_confirms_by_hand(till: Till) -> None:
    organization = await till.organization()
    waiting = await till.buy(organization, await till.card(organization, "sim_authenticate"))
    refused = await _confirm(till, waiting)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.PAYMENT_NOT_OPEN
    assert (await till.shown(waiting)).state is TopUpState.ACTION_REQUIRED


async def test_a_refund_by_hand_waits_for_somebody_who_sent_it(till: Till) -> None:
    top_up = await _asked(till)
    await _confirm(till, top_up)

    async def refund(amount_micros: int) -> RefundRecord:
        asked = await refund_top_up(
            till.services,
            organization_id=top_up.organization_id,
            command_id=new_id(),
            top_up_id=top_up.top_up_id,
            amount_micros=amount_micros,
            reason="asked for",
            requested_by="ana",
        )
        assert isinstance(asked, RefundRecord), asked
        assert asked.state is RefundState.PROCESSING
        return asked

    sent, kept = await refund(20_000_000), await refund(10_000_000)
    till.office.clock.advance(hours=1)
    assert (await resolve_open_refunds(till.services)).settled == 0
    for _ in range(2):
        confirmed = await confirm_refund(
            till.services,
            organization_id=top_up.organization_id,
            refund_id=sent.refund_id,
            reference="order 9",
            confirmed_by="ana",
        )
        assert isinstance(confirmed, RefundRecord)
        assert confirmed.state is RefundState.REFUNDED
    rejected = await reject_refund(
        till.services,
        organization_id=top_up.organization_id,
        refund_id=kept.refund_id,
        reason="account closed",
        rejected_by="ana",
    )
    assert isinstance(rejected, RefundRecord)
    assert rejected.state is RefundState.REFUSED
    assert await _posted(till, top_up.organization_id) == 30_000_000
    assert await till.books_agree()


async def test_what_somebody_has_said_is_carried_out_though_the_process_died_over_it(till: Till) -> None:
    class DyingExecutor:
        """The process dies before the account hears of it."""

        async def execute(self, command: object) -> NoReturn:
            raise ConnectionResetError(type(command).__name__)

    paid, unpaid = await _asked(till), await _asked(till)
    alive, till.services = till.services, replace(till.services, executor=DyingExecutor())
    for dying in (_confirm(till, paid), _reject(till, unpaid)):
        with pytest.raises(ConnectionResetError):
            await dying
    till.services = alive
    till.office.clock.advance(seconds=RESOLVE_AFTER_SECONDS + 1)
    assert (await resolve_open_top_ups(till.services)).settled == 2
    assert (await till.shown(paid)).state is TopUpState.SUCCEEDED
    assert (await till.shown(unpaid)).state is TopUpState.DECLINED
    assert await _posted(till, paid.organization_id) == FIFTY

    refund = await refund_top_up(
        till.services,
        organization_id=paid.organization_id,
        command_id=new_id(),
        top_up_id=paid.top_up_id,
        amount_micros=20_000_000,
        reason="asked for",
        requested_by="ana",
    )
    assert isinstance(refund, RefundRecord), refund
    names = {"organization_id": paid.organization_id, "refund_id": refund.refund_id}
    dead = replace(alive, executor=DyingExecutor())
    with pytest.raises(ConnectionResetError):
        await confirm_refund(dead, reference="statement 8", confirmed_by="ana", **names)
    till.office.clock.advance(seconds=RESOLVE_AFTER_SECONDS + 1)
    assert (await resolve_open_refunds(till.services)).settled == 1
    assert await till.books_agree()
