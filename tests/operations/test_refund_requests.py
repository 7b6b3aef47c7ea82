"""Refunds that people of the operator ask for: alone up to a limit, beyond it by two people, and once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from commcredits.core.access import Actor, ActorKind, Permission
from commcredits.core.outcomes import Ended, RefusalCode, Refused
from commcredits.core.purchases import RefundState
from commcredits.operations.agreeing import RequestState
from commcredits.operations.refund_requests import (
    complete_refund_requests,
    get_refund_request,
    list_refund_requests,
)
from commcredits.operations.refund_requests_overview import list_all_refund_requests
from commcredits.operations.service_health import SignKind, measure_health
from commcredits.storage.refunds import RefundRecord
from tests.operations.refund_desk import (
    ALICE,
    BOB,
    BOUGHT,
    CAROL,
    UNIT,
    DyingExecutor,
    approved,
    asked,
    asked_of_call,
    bought,
    called,
    code_of,
    given_back,
    known,
    limited,
    posted,
    rejected,
    state_of,
)
from tests.operations.till import Till


async def test_a_small_refund_goes_back_at_once_and_once(till: Till) -> None:
    top_up = await bought(till)
    first, again = [await asked(till, top_up, 40, command_id="one") for _ in range(2)]
    assert isinstance(first, RefundRecord)
    assert (first.state, again, await given_back(till)) == (RefundState.REFUNDED, first, 4_000)
    for other in ({"units": 41}, {"units": 40, "by": BOB}, {"units": 40, "reason": "another"}, {"units": None}):
        assert code_of(await asked(till, top_up, command_id="one", **other)) is RefusalCode.CONFLICT
    assert await posted(till, top_up.organization_id) == 260 * UNIT


LIMITS = (
    (60 * UNIT, ["alone", "alone", "pending"]),
    (60 * UNIT - 1, ["alone", "pending", "pending"]),
    (40 * UNIT, ["alone", "pending", "pending"]),
    (40 * UNIT - 1, ["pending", "alone", "pending"]),
    (0, ["pending", "pending", "pending"]),
)
"""A limit, and what becomes of refunds of 40, 20 and 20 that one person asks for one after the other."""


async def test_what_one_person_refunds_within_a_day_is_added_up_to_the_millionth(till: Till) -> None:
    for limit, states in LIMITS:
        top_up = await bought(till)
        limited(till, limit)
        assert [state_of(await asked(till, top_up, units)) for units in (40, 20, 20)] == states, limit


async def test_the_limit_is_a_persons_and_an_organizations_for_a_day(till: Till) -> None:
    limited(till, 100 * UNIT)
    top_up, other = await bought(till), await bought(till)
    states = [
        state_of(await asked(till, top_up, 100)),
        state_of(await asked(till, top_up, 1)),
        state_of(await asked(till, top_up, 100, BOB)),
        state_of(await asked(till, other, 100)),
    ]
    assert states == ["alone", "pending", "alone", "alone"]
    till.office.clock.advance(hours=24)
    assert state_of(await asked(till, top_up, 1)) == "alone"


async def test_purchases_and_calls_are_added_up_together(till: Till) -> None:
    limited(till, 22 * UNIT)
    organization = await called(till, 300)
    top_up = await till.buy(organization, await till.card(organization), BOUGHT)
    part = await asked_of_call(till, organization, 100)
    assert (state_of(part), part.charged_micros) == ("alone", 1 * UNIT)
    assert state_of(await asked(till, top_up, 21)) == "pending"
    assert state_of(await asked(till, top_up, 20)) == "alone"
    assert state_of(await asked_of_call(till, organization, 99)) == "pending"


async def test_all_that_is_unused_counts_as_what_it_comes_to(till: Till) -> None:
    large, small = await bought(till, 101 * UNIT), await bought(till, 100 * UNIT)
    pending, made = await asked(till, large, None), await asked(till, small, None)
    assert (state_of(pending), pending.amount_micros, pending.asked_micros) == ("pending", 101 * UNIT, None)
    assert isinstance(made, RefundRecord)
    assert made.amount_micros == 100 * UNIT


async def test_twenty_at_once_stay_within_what_one_person_may_do_alone(till: Till) -> None:
    top_up = await bought(till)
    answers = await asyncio.gather(*(asked(till, top_up, 30) for _ in range(20)))
    assert sorted(map(state_of, answers)) == ["alone"] * 3 + ["pending"] * 17
    assert (await given_back(till), await posted(till, top_up.organization_id)) == (9_000, 210 * UNIT)


async def test_a_large_refund_takes_nothing_until_a_second_person_agrees(till: Till) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, 200, command_id="one")
    assert state_of(pending) == "pending"
    assert await asked(till, top_up, 200, command_id="one") == pending
    assert (await given_back(till), await posted(till, top_up.organization_id)) == (0, BOUGHT)
    assert code_of(await approved(till.services, pending, ALICE)) is RefusalCode.SECOND_PERSON_REQUIRED
    applied = await approved(till.services, pending, BOB)
    assert (applied.state, applied.decided_by) == (RequestState.APPLIED, BOB)
    assert (await given_back(till), await posted(till, top_up.organization_id)) == (20_000, 100 * UNIT)
    assert await approved(till.services, pending, BOB) == applied
    assert code_of(await approved(till.services, pending, CAROL)) is RefusalCode.REFUND_SETTLED
    assert await asked(till, top_up, 200, command_id="one") == applied
    assert await given_back(till) == 20_000
    assert await till.books_agree()


async def test_one_person_over_two_interfaces_is_no_second_person(till: Till) -> None:
    top_up = await bought(till)
    powers = frozenset(Permission)
    page = Actor(
        kind=ActorKind.PERSON, actor_id="staff:7", name="ana", permissions=powers, proved_at=till.office.clock.now
    )
    key = Actor(kind=ActorKind.KEY, actor_id="operator:ana", name="ana", permissions=powers)
    shared = Actor(kind=ActorKind.KEY, actor_id="operator:operator", name="operator", permissions=powers)
    terminal = Actor(kind=ActorKind.TERMINAL, actor_id="terminal", name="terminal", permissions=powers)
    for first, second, typed in (
        (page, key, "ana"),
        (key, page, "Ana"),
        (shared, terminal, "mallory"),
        (terminal, shared, "operator"),
        (terminal, terminal, "mallory"),
    ):
        asking = replace(till, services=till.services.acting_as(first))
        pending = await asked(asking, top_up, 200, first.name)
        refused = await approved(till.services.acting_as(second), pending, typed)
        assert code_of(refused) is RefusalCode.SECOND_PERSON_REQUIRED, (first.actor_id, second.actor_id)
    assert await given_back(till) == 0


async def test_a_person_who_has_not_proved_lately_who_they_are_refunds_nothing(till: Till) -> None:
    top_up = await bought(till)
    organization = await called(till, 100)
    stale = Actor(kind=ActorKind.PERSON, actor_id="staff:7", name="ana", permissions=frozenset(Permission))
    pending = await asked(till, top_up, 200)
    sent = replace(till, services=till.services.acting_as(stale))
    for refused in (
        await asked(sent, top_up, 1, "ana"),
        await asked_of_call(sent, organization, by="ana"),
        await approved(sent.services, pending, "ana"),
    ):
        assert code_of(refused) is RefusalCode.PROOF_REQUIRED
    assert (await given_back(till), (await known(till, pending)).state) == (0, RequestState.PENDING)


async def test_of_two_who_approve_at_once_one_is_written_down_and_it_goes_back_once(till: Till) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, 200)
    outcomes = await asyncio.gather(approved(till.services, pending, BOB), approved(till.services, pending, CAROL))
    assert [code_of(each) for each in outcomes if isinstance(each, Refused)] == [RefusalCode.REFUND_SETTLED]
    assert await given_back(till) == 20_000


async def test_a_rejected_refund_never_goes_back(till: Till) -> None:
    top_up = await bought(till)
    pending = await asked(till, top_up, 200)
    refused = await rejected(till.services, pending, ALICE)
    assert (refused.state, refused.decided_by) == (RequestState.REJECTED, ALICE)
    assert await rejected(till.services, pending, ALICE) == refused
    for person in (ALICE, BOB):
        assert code_of(await approved(till.services, pending, person)) is RefusalCode.REFUND_SETTLED
    assert (await given_back(till), await complete_refund_requests(till.services)) == (0, 0)
    made = await asked(till, top_up, 200)
    await approved(till.services, made, BOB)
    assert code_of(await rejected(till.services, made, BOB)) is RefusalCode.REFUND_SETTLED


async def test_another_organizations_request_is_as_unknown_as_none(till: Till) -> None:
    top_up, other = await bought(till), await till.organization("Stranger")
    pending = replace(await asked(till, top_up, 200), organization_id=other)
    place = {"organization_id": other, "refund_request_id": pending.refund_request_id}
    for refused in (
        await get_refund_request(till.services, **place),
        await approved(till.services, pending, BOB),
        await rejected(till.services, pending, BOB),
    ):
        assert code_of(refused) is RefusalCode.UNKNOWN_REFUND
    assert code_of(await asked(till, replace(top_up, organization_id=other), 1)) is RefusalCode.UNKNOWN_TOP_UP


async def test_a_call_is_given_back_alone_up_to_the_limit_and_beyond_by_two(till: Till) -> None:
    limited(till, 2 * UNIT)
    organization = await called(till, 300)
    pending = await asked_of_call(till, organization, command_id="one")
    assert (state_of(pending), pending.amount_micros, pending.session_id) == ("pending", 3 * UNIT, "long")
    assert await posted(till, organization) == BOUGHT - 3 * UNIT
    part = await asked_of_call(till, organization, 100, command_id="two")
    assert part == Ended(duration_seconds=100, charged_micros=UNIT, currency="EUR", pool_minutes=0)
    assert await asked_of_call(till, organization, 100, command_id="two") == part
    assert code_of(await asked_of_call(till, organization, 101, command_id="two")) is RefusalCode.CONFLICT
    assert code_of(await approved(till.services, pending, ALICE)) is RefusalCode.SECOND_PERSON_REQUIRED
    with pytest.raises(ConnectionResetError):
        await approved(replace(till.services, executor=DyingExecutor(till.services)), pending, BOB)
    assert await complete_refund_requests(till.services) == 1
    applied = await known(till, pending)
    assert (applied.state, applied.decided_by, applied.refund_id) == (RequestState.APPLIED, BOB, None)
    assert await posted(till, organization) == BOUGHT
    assert await till.books_agree()


WRONG: tuple[tuple[str, Any], ...] = (
    ("reason", ""),
    ("reason", "x" * 201),
    ("reason", "two\nlines"),
    ("command_id", ""),
    ("by", ""),
    ("units", 0),
)


async def test_bad_input_is_refused_by_name(till: Till) -> None:
    top_up = await bought(till)
    for field, value in WRONG:
        refused = await asked(till, top_up, **{"units": 5, field: value})
        assert code_of(refused) is RefusalCode.INVALID_INPUT, field
        assert refused.facts["field"] == {"by": "requested_by", "units": "amount"}.get(field, field)
    for field, value in (*WRONG[1:-1], ("used_seconds", -1), ("used_seconds", 315_360_001)):
        refused = await asked_of_call(till, top_up.organization_id, **{field: value})
        assert code_of(refused) is RefusalCode.INVALID_INPUT, field
    assert await given_back(till) == 0


async def test_lists_show_what_waits_newest_first_and_health_counts_it(till: Till) -> None:
    top_up = await bought(till)
    small, large, larger = [await asked(till, top_up, units) for units in (1, 200, 250)]
    place: dict[str, Any] = {"organization_id": top_up.organization_id, "cursor": None}
    page = await list_refund_requests(till.services, **place, limit=2)
    assert not isinstance(page, Refused)
    assert page.items == (larger, large)
    rest = await list_refund_requests(till.services, **{**place, "cursor": page.next_cursor}, limit=2)
    assert not isinstance(rest, Refused)
    assert [each.refund_id for each in rest.items] == [small.refund_id]
    applied = await list_refund_requests(till.services, **place, limit=5, state=RequestState.APPLIED)
    assert not isinstance(applied, Refused)
    assert applied.items == rest.items
    waiting = await list_all_refund_requests(till.services, waiting_only=True, cursor=None, limit=5)
    everything = await list_all_refund_requests(till.services, waiting_only=False, cursor=None, limit=5)
    assert not isinstance(waiting, Refused)
    assert not isinstance(everything, Refused)
    assert [each.request for each in waiting.items] == [larger, large]
    assert len(everything.items) == 3
    health = await measure_health(till.services)
    assert not isinstance(health, Refused)
    assert {sign.kind: sign.count for sign in health.signs}[SignKind.REFUNDS_WAITING] == 2
