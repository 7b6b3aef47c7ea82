"""Limits on new cards: counted over all organizations, exact however many try at once."""

import asyncio
from dataclasses import replace

from commcredits.core.commands import CheckRecharge, SaveRechargeRule
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from commcredits.operations.funding import add_funds, list_top_ups
from commcredits.operations.payment_terms import NewMethodLimits, PaymentTerms
from commcredits.operations.recharging import run_due_recharges
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord
from tests.operations.office import new_id
from tests.operations.till import FIFTY, Till


def _limit(till: Till, **limits: int) -> None:
    terms = PaymentTerms(new_methods=NewMethodLimits(**limits))
    till.services = replace(till.services, payments=terms)


async def _try(till: Till, organization_id: str, card: PaymentMethodRecord) -> TopUpRecord | Refused:
    return await add_funds(
        till.services,
        organization_id=organization_id,
        command_id=new_id(),
        amount_micros=FIFTY,
        payment_method_id=card.payment_method_id,
    )


async def test_of_twenty_who_try_one_card_at_once_exactly_as_many_get_through_as_may(till: Till) -> None:
    _limit(till, attempts_max=5)
    organizations = [await till.organization(f"Shop {number}") for number in range(4)]
    cards = [await till.card(organization) for organization in organizations]
    answers = await asyncio.gather(*(_try(till, organizations[n % 4], cards[n % 4]) for n in range(20)))
    refused = [each for each in answers if isinstance(each, Refused)]
    assert len(refused) == 15
    assert {each.code for each in refused} == {RefusalCode.TOO_MANY_ATTEMPTS}
    assert len(await till.control.charges()) == 5
    assert await till.books_agree()


async def test_the_same_command_is_refused_again_and_another_card_is_not(till: Till) -> None:
    _limit(till, attempts_max=1)
    organization = await till.organization()
    card, other = await till.card(organization), await till.card(organization, "sim_ok_second")
    assert isinstance(await _try(till, organization, card), TopUpRecord)
    command = new_id()
    for _ in range(2):
        refused = await add_funds(
            till.services,
            organization_id=organization,
            command_id=command,
            amount_micros=FIFTY,
            payment_method_id=card.payment_method_id,
        )
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.TOO_MANY_ATTEMPTS
    assert isinstance(await _try(till, organization, other), TopUpRecord)


async def test_declines_count_by_themselves(till: Till) -> None:
    _limit(till, attempts_max=100, declines_max=2)
    organization = await till.organization()
    card = await till.card(organization, "sim_decline_do_not_honour")
    states = [await _try(till, organization, card) for _ in range(3)]
    assert [isinstance(each, Refused) for each in states] == [False, False, True]
    assert len(await till.control.charges()) == 2


async def test_the_window_passes_and_a_card_that_has_been_here_long_enough_is_free(till: Till) -> None:
    _limit(till, attempts_max=1, new_days=3, window_hours=24)
    organization = await till.organization()
    card = await till.card(organization)
    assert isinstance(await _try(till, organization, card), TopUpRecord)
    assert isinstance(await _try(till, organization, card), Refused)
    till.office.clock.advance(hours=24)
    assert isinstance(await _try(till, organization, card), TopUpRecord)
    assert isinstance(await _try(till, organization, card), Refused)
    till.office.clock.advance(days=2)
    for _ in range(3):
        assert isinstance(await _try(till, organization, card), TopUpRecord)


async def test_a_recharge_with_a_card_that_was_tried_too_often_waits_as_after_a_decline(till: Till) -> None:
    _limit(till, attempts_max=1, window_hours=720)
    organization = await till.organization()
    card = await till.card(organization)
    await till.buy(organization, card)
    await till.office.execute(
        SaveRechargeRule(
            organization_id=organization,
            command_id=new_id(),
            enabled=True,
            recharge_amount_micros=FIFTY,
            trigger_amount_micros=60_000_000,
            monthly_cap_micros=None,
            payment_method=card.payment_method_id,
        )
    )
    assert await run_due_recharges(till.services) == 1
    till.office.clock.advance(minutes=30)
    await till.office.execute(CheckRecharge(organization_id=organization))
    page = await list_top_ups(till.services, organization_id=organization, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert [(each.state, each.reason) for each in page.items] == [
        (TopUpState.CANCELLED, "too_many_attempts"),
        (TopUpState.SUCCEEDED, ""),
    ]
    till.office.clock.advance(minutes=31)
    await till.office.execute(CheckRecharge(organization_id=organization))
    page = await list_top_ups(till.services, organization_id=organization, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert len(page.items) == 3


async def test_payers_by_hand_share_a_reference_and_do_not_use_up_each_others_tries(till: Till) -> None:
    _limit(till, attempts_max=2)
    for number in range(4):
        organization = await till.organization(f"Payer {number}")
        asked = await till.buy(organization, await till.by_hand(organization))
        assert asked.state is TopUpState.PROCESSING
