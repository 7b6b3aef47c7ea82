"""Disputes over the simulated gateway: frozen, restored or reversed, in whatever order their messages come."""

import asyncio

import pytest

from commcredits.core.outcomes import Granted, Refused
from commcredits.core.purchases import TopUpState
from commcredits.gateways.protocol import EventKind, WebhookEvent
from commcredits.gateways.simulator.faults import LoseAnswer
from commcredits.operations.disputes import list_disputes
from commcredits.operations.payment_messages import deal_with_waiting_events
from commcredits.operations.refunds import refund_top_up
from commcredits.operations.reports import Balance, read_balance
from commcredits.operations.sweeping import sweep_events
from commcredits.storage.payments import TopUpRecord
from tests.operations.office import new_id
from tests.operations.till import FIFTY, Till


async def _bought(till: Till) -> TopUpRecord:
    organization = await till.organization()
    return await till.buy(organization, await till.card(organization))


async def _balance(till: Till, organization_id: str) -> Balance:
    balance = await read_balance(till.services, organization_id=organization_id)
    assert not isinstance(balance, Refused)
    return balance


async def _event(till: Till, kind: EventKind) -> WebhookEvent:
    return next(each for each in reversed(await till.events()) if each.kind is kind)


async def test_a_dispute_freezes_what_is_left_and_a_won_one_restores_it(till: Till) -> None:
    top_up = await _bought(till)
    await till.control.dispute(top_up.gateway_reference, "opened")
    opened = await _event(till, EventKind.DISPUTE_OPENED)
    await asyncio.gather(*(till.deliver(opened) for _ in range(3)))
    disputed = await till.shown(top_up)
    assert (disputed.state, disputed.disputed_micros) == (TopUpState.DISPUTED, FIFTY)
    assert (await _balance(till, top_up.organization_id)).posted_micros == 0
    assert await till.books_agree()
    await till.control.dispute(top_up.gateway_reference, "won")
    await till.deliver(await _event(till, EventKind.DISPUTE_WON))
    assert (await till.shown(top_up)).state is TopUpState.SUCCEEDED
    assert (await _balance(till, top_up.organization_id)).posted_micros == FIFTY
    assert await till.books_agree()


@pytest.mark.parametrize("refunded_micros", [0, 20_000_000])
async def test_a_lost_dispute_takes_what_was_not_given_back_before(till: Till, refunded_micros: int) -> None:
    top_up = await _bought(till)
    if refunded_micros:
        await refund_top_up(
            till.services,
            organization_id=top_up.organization_id,
            command_id=new_id(),
            top_up_id=top_up.top_up_id,
            amount_micros=refunded_micros,
            reason="asked for",
            requested_by="operator",
        )
    await till.control.dispute(top_up.gateway_reference, "opened")
    await till.control.dispute(top_up.gateway_reference, "lost")
    await till.deliver(await _event(till, EventKind.DISPUTE_LOST))
    reversed_one = await till.shown(top_up)
    assert (reversed_one.state, reversed_one.disputed_micros) == (TopUpState.REVERSED, 0)
    balance = await _balance(till, top_up.organization_id)
    assert (balance.posted_micros, balance.owed_micros) == (0, 0)
    assert await till.books_agree()
    # The opening comes last, and changes nothing any more.
    await till.deliver(await _event(till, EventKind.DISPUTE_OPENED))
    assert (await till.shown(top_up)).state is TopUpState.REVERSED


async def test_a_dispute_of_a_payment_whose_success_nobody_has_heard_of_settles_that_first(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)
    await till.control.script(LoseAnswer())
    top_up = await till.buy(organization, card)
    assert top_up.state is TopUpState.UNKNOWN
    (charge,) = await till.control.charges()
    await till.control.dispute(charge.reference, "opened")
    await till.deliver(await _event(till, EventKind.DISPUTE_OPENED))
    disputed = await till.shown(top_up)
    assert (disputed.state, disputed.disputed_micros) == (TopUpState.DISPUTED, FIFTY)
    await till.deliver(await _event(till, EventKind.CHARGE_SUCCEEDED))
    assert (await till.shown(top_up)).state is TopUpState.DISPUTED
    assert await till.books_agree()


async def test_a_dispute_while_calls_hold_freezes_the_rest_now_and_what_they_release_later(till: Till) -> None:
    opened_organization = await till.office.organization()
    organization = opened_organization.organization_id
    await till.office.assign_deck(opened_organization)
    top_up = await till.buy(organization, await till.card(organization))
    # 300 seconds at 0.60 a minute hold 3.00.
    assert isinstance(await till.office.authorise(organization, "call"), Granted)
    await till.control.dispute(top_up.gateway_reference, "opened")
    await till.deliver(await _event(till, EventKind.DISPUTE_OPENED))
    assert (await till.shown(top_up)).disputed_micros == 47_000_000
    assert isinstance(await till.office.authorise(organization, "another"), Refused)
    await till.office.end(organization, "call", 60)
    # A minute was used; the other 2.40 were released, and are frozen.
    assert (await till.shown(top_up)).disputed_micros == 49_400_000
    assert await till.books_agree()
    await till.control.dispute(top_up.gateway_reference, "lost")
    await till.deliver(await _event(till, EventKind.DISPUTE_LOST))
    balance = await _balance(till, organization)
    assert (balance.posted_micros, balance.owed_micros) == (0, 600_000)
    assert await till.books_agree()


async def test_a_sweep_finds_a_dispute_that_no_message_told_of(till: Till) -> None:
    top_up = await _bought(till)
    await till.control.dispute(top_up.gateway_reference, "opened")
    await sweep_events(till.services)
    await deal_with_waiting_events(till.services)
    assert (await till.shown(top_up)).state is TopUpState.DISPUTED
    listed = await list_disputes(till.services, organization_id=top_up.organization_id, cursor=None, limit=10)
    assert not isinstance(listed, Refused)
    assert [each.top_up_id for each in listed.items] == [top_up.top_up_id]
    stranger = await till.organization("Stranger")
    nothing = await list_disputes(till.services, organization_id=stranger, cursor=None, limit=10)
    assert not isinstance(nothing, Refused)
    assert nothing.items == ()
