"""What happens between asking for a refund and its being carried out: deaths, funds that go, terms that change."""

import asyncio
from dataclasses import replace

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.agreeing import RequestState
from commcredits.operations.billing_terms import change_currency
from commcredits.operations.closing import close_organization, finish_closings
from commcredits.operations.funding_rules import Remainder
from commcredits.operations.payment_terms import PaymentTerms, RefundPolicy
from commcredits.operations.payments import RESOLVE_AFTER_SECONDS
from commcredits.operations.refund_requests import (
    complete_refund_requests,
    list_refund_requests,
)
from commcredits.operations.refunds import refund_top_up, resolve_open_refunds
from tests.operations.refund_desk import (
    ALICE,
    BOB,
    BOUGHT,
    CAROL,
    UNIT,
    BusyExecutor,
    DeafExecutor,
    DyingExecutor,
    approved,
    asked,
    asked_of_call,
    bought,
    called,
    code_of,
    given_back,
    known,
    posted,
    state_of,
)
from tests.operations.till import Till


async def test_an_approval_whose_process_died_is_carried_out_by_the_next_round_and_once(till: Till) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, 200)
    with pytest.raises(ConnectionResetError):
        await approved(replace(till.services, executor=DeafExecutor()), pending, BOB)
    assert (await known(till, pending)).state is RequestState.APPROVED
    assert await complete_refund_requests(replace(till.services, executor=BusyExecutor())) == 0
    rounds = await asyncio.gather(*(complete_refund_requests(till.services) for _ in range(3)))
    assert max(rounds) == 1
    settled = await known(till, pending)
    assert (settled.state, settled.refund_id is not None) == (RequestState.APPLIED, True)
    assert (await given_back(till), await posted(till, top_up.organization_id)) == (20_000, 100 * UNIT)
    assert await complete_refund_requests(till.services) == 0


@pytest.mark.parametrize("units", [20, 200])
async def test_a_process_that_dies_after_the_account_has_heard_of_it_gives_back_once(till: Till, units: int) -> None:
    top_up = await bought(till)
    dying = replace(till, services=replace(till.services, executor=DyingExecutor(till.services)))
    if units == 20:
        with pytest.raises(ConnectionResetError):
            await asked(dying, top_up, units, command_id="one")
    else:
        pending = await asked(dying, top_up, units, command_id="one")
        with pytest.raises(ConnectionResetError):
            await approved(dying.services, pending, BOB)
    assert await given_back(till) == 0, "nobody has asked the gateway"
    assert await complete_refund_requests(till.services) == 1
    till.office.clock.advance(seconds=RESOLVE_AFTER_SECONDS + 1)
    assert (await resolve_open_refunds(till.services)).settled == 1
    again = await asked(till, top_up, units, command_id="one")
    assert state_of(again) == ("alone" if units == 20 else "applied")
    assert (await given_back(till), await posted(till, top_up.organization_id)) == (units * 100, BOUGHT - units * UNIT)
    assert await till.books_agree()


async def test_a_refund_from_before_there_were_requests_is_not_made_again_under_its_key(till: Till) -> None:
    top_up = await bought(till)
    before = await refund_top_up(
        till.services,
        organization_id=top_up.organization_id,
        command_id="old",
        top_up_id=top_up.top_up_id,
        amount_micros=80 * UNIT,
        reason="left us",
        requested_by=ALICE,
    )
    assert await asked(till, top_up, 80, command_id="old") == before
    assert await given_back(till) == 8_000


async def test_less_left_than_was_asked_for_is_refused_and_not_reduced(till: Till) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, 200)
    assert state_of(await asked(till, top_up, 100, BOB)) == "alone"
    assert state_of(await asked(till, top_up, 1, BOB)) == "pending"
    assert state_of(await asked(till, top_up, 99, CAROL)) == "alone"
    refused = await approved(till.services, pending, BOB)
    assert (refused.state, refused.refusal) == (RequestState.REFUSED, "nothing_to_refund")
    assert (refused.left_micros, refused.refund_id) == (101 * UNIT, None)
    assert (await given_back(till), await posted(till, top_up.organization_id)) == (19_900, 101 * UNIT)
    assert await approved(till.services, pending, BOB) == refused
    assert code_of(await approved(till.services, pending, CAROL)) is RefusalCode.REFUND_SETTLED


async def test_all_that_is_unused_is_what_is_unused_when_it_is_agreed_to(till: Till) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, None)
    await asked(till, top_up, 40, BOB)
    applied = await approved(till.services, pending, BOB)
    assert (applied.state, applied.amount_micros) == (RequestState.APPLIED, BOUGHT)
    assert (await given_back(till), await posted(till, top_up.organization_id)) == (30_000, 0)


async def test_more_than_is_unused_is_refused_when_it_is_asked_for_and_leaves_no_request(till: Till) -> None:
    top_up = await bought(till)
    refused = await asked(till, top_up, 301)
    assert code_of(refused) is RefusalCode.NOTHING_TO_REFUND
    assert refused.facts["maximum_micros"] == BOUGHT
    page = await list_refund_requests(till.services, organization_id=top_up.organization_id, cursor=None, limit=5)
    assert not isinstance(page, Refused)
    assert page.items == ()


async def test_nobody_agrees_to_a_refund_while_the_policy_lets_nobody_refund(till: Till) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, 200)
    none = replace(till.services, payments=PaymentTerms(refund_policy=RefundPolicy.NONE))
    refused = await approved(none, pending, BOB)
    assert (code_of(refused), refused.facts["refund_policy"]) == (RefusalCode.NOTHING_TO_REFUND, "none")
    assert code_of(await asked(replace(till, services=none), top_up, 1)) is RefusalCode.NOTHING_TO_REFUND
    assert (await known(till, pending)).state is RequestState.PENDING
    assert await given_back(till) == 0


@pytest.mark.parametrize("remainder", [Remainder.REFUND, Remainder.FORFEIT])
async def test_an_organization_that_has_closed_meanwhile_has_nothing_left_to_give_back(
    till: Till, remainder: Remainder
) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, 200)
    closing = await close_organization(
        till.services, organization_id=top_up.organization_id, requested_by=BOB, remainder=remainder
    )
    assert not isinstance(closing, Refused)
    for _ in range(3):
        await finish_closings(till.services)
    went = await given_back(till)
    assert went == (30_000 if remainder is Remainder.REFUND else 0)
    refused = await approved(till.services, pending, BOB)
    assert (refused.state, refused.left_micros) == (RequestState.REFUSED, 0)
    assert await given_back(till) == went


async def test_the_currency_stays_while_a_refund_waits_and_another_is_never_given_back(till: Till) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, 200)
    changed = await change_currency(till.services, organization_id=top_up.organization_id, currency="RON")
    assert code_of(changed) is RefusalCode.CURRENCY_FIXED
    await till.services.pool.execute("update refund_requests set currency = 'RON'")
    assert code_of(await approved(till.services, pending, BOB)) is RefusalCode.CURRENCY_MISMATCH
    assert await given_back(till) == 0


async def test_a_call_that_runs_or_never_was_is_not_given_back(till: Till) -> None:
    organization = await called(till, 10)
    await till.office.authorise(organization, "running")
    assert code_of(await asked_of_call(till, organization, session_id="running")) is RefusalCode.CONFLICT
    assert code_of(await asked_of_call(till, organization, session_id="never")) is RefusalCode.UNKNOWN_SESSION
