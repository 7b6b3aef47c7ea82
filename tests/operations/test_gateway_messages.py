"""Messages of the gateway: kept once, in any order, twice, before the answer, or lost; one payment leaves one lot."""

import asyncio
import json
from dataclasses import replace
from datetime import date
from typing import NoReturn

import pytest

from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from commcredits.gateways.protocol import (
    Capabilities,
    ChargeOutcome,
    ChargeRequest,
    EventKind,
    Gateway,
    Payout,
    PayoutPage,
    WebhookEvent,
)
from commcredits.gateways.simulator.faults import Error, LoseAnswer, Process
from commcredits.operations.payment_messages import (
    TRIES_MAX,
    deal_again_with,
    deal_with_waiting_events,
    list_gateway_events,
    receive_webhook,
)
from commcredits.operations.payments import resolve_top_up, resume_payment
from commcredits.operations.services import Services
from commcredits.operations.sweeping import list_payouts, read_gateway_payouts, sweep_events
from commcredits.storage.payments import TopUpRecord
from tests.operations.office import NOON
from tests.operations.till import Till


async def _lots(till: Till, organization_id: str) -> int:
    count = await till.services.pool.fetchval(
        "select count(*) from fund_lots where organization_id = $1", organization_id
    )
    assert isinstance(count, int)
    return count


async def _states(till: Till) -> dict[str, int]:
    rows = await till.services.pool.fetch("select state, count(*) as count from gateway_events group by state")
    return {row["state"]: row["count"] for row in rows}


async def _event(till: Till, kind: EventKind) -> WebhookEvent:
    return next(each for each in reversed(await till.events()) if each.kind is kind)


async def test_a_lost_answer_is_settled_by_the_message_and_its_duplicates_change_nothing(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)
    await till.control.script(LoseAnswer())
    bought = await till.buy(organization, card)
    assert bought.state is TopUpState.UNKNOWN
    event = await _event(till, EventKind.CHARGE_SUCCEEDED)
    answers = await asyncio.gather(*(till.deliver(event) for _ in range(5)))
    assert sorted(answer.changed for answer in answers if isinstance(answer, Done)) == [False] * 4 + [True]
    assert (await till.shown(bought)).state is TopUpState.SUCCEEDED
    assert await _lots(till, organization) == 1
    assert await till.services.pool.fetchval("select count(*) from gateway_messages") == 1
    assert await till.books_agree()


async def test_a_message_is_kept_byte_by_byte_with_what_proves_it_and_without_what_opens_anything(till: Till) -> None:
    organization = await till.organization()
    await till.buy(organization, await till.card(organization))
    await till.deliver(await _event(till, EventKind.CHARGE_SUCCEEDED))
    kept = await till.services.pool.fetchrow("select * from gateway_messages")
    assert kept is not None
    assert json.loads(kept["body"])["kind"] == "charge_succeeded"
    headers = json.loads(kept["headers"])
    assert "webhook-signature" in headers
    assert "Bearer" not in kept["headers"]


async def test_a_message_that_is_not_proven_leaves_nothing(till: Till) -> None:
    refused = await receive_webhook(till.services, gateway="simulator", headers={}, raw_body=b"{}")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.INVALID_INPUT
    assert await till.services.pool.fetchval("select count(*) from gateway_messages") == 0
    assert await _states(till) == {}


class Hurried:
    """The gateway whose message overtakes its own answer: it is delivered before the charge returns."""

    def __init__(self, till: Till) -> None:
        self._till = till

    def __getattr__(self, name: str) -> object:
        return getattr(self._till.gateway, name)

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Charge, and hand in the message first."""
        outcome = await self._till.gateway.charge(request)
        await self._till.deliver(await _event(self._till, EventKind.CHARGE_SUCCEEDED))
        return outcome


async def test_a_message_that_overtakes_the_answer_grants_once(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)
    hurried: Gateway = Hurried(till)  # type: ignore[assignment] # whatever is not asked of it goes to the gateway
    till.services = replace(till.services, gateways={**till.services.gateways, "simulator": hurried})
    bought = await till.buy(organization, card)
    assert bought.state is TopUpState.SUCCEEDED
    assert await _lots(till, organization) == 1
    assert bought.fee_micros == 1_000_000
    assert await till.books_agree()


async def test_a_message_and_a_look_up_that_race_leave_one_lot(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)
    for number in range(1, 4):
        await till.control.script(LoseAnswer())
        bought = await till.buy(organization, card)
        event = await _event(till, EventKind.CHARGE_SUCCEEDED)
        await asyncio.gather(
            till.deliver(event),
            resolve_top_up(till.services, bought),
            sweep_events(till.services),
            deal_with_waiting_events(till.services),
            resolve_top_up(till.services, bought),
        )
        assert (await till.shown(bought)).state is TopUpState.SUCCEEDED
        assert await _lots(till, organization) == number
    assert await till.books_agree()


async def test_a_sweep_finds_what_messages_lost_and_reads_on_from_where_it_was(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)
    await till.control.script(LoseAnswer())
    bought = await till.buy(organization, card)
    assert await sweep_events(till.services) > 0
    assert await sweep_events(till.services) == 0
    await deal_with_waiting_events(till.services)
    assert (await till.shown(bought)).state is TopUpState.SUCCEEDED
    await till.buy(organization, card)
    noted = await asyncio.gather(*(sweep_events(till.services) for _ in range(4)))
    assert sum(noted) == 1
    assert "waiting" in await _states(till)
    await deal_with_waiting_events(till.services)
    assert "waiting" not in await _states(till)
    assert await till.deliver(await _event(till, EventKind.CHARGE_SUCCEEDED)) == Done(changed=False)


async def test_a_gateway_that_breaks_keeps_no_other_from_being_swept(till: Till) -> None:
    class Broken:
        """A plug-in that fails over everything it is asked."""

        def capabilities(self) -> Capabilities:
            return replace(till.gateway.capabilities(), payouts=True)

        async def list_since(self, cursor: str | None) -> NoReturn:
            raise ZeroDivisionError(cursor)

        list_payouts = list_since

    organization = await till.organization()
    await till.buy(organization, await till.card(organization))
    gateways = {"a_broken_one": Broken(), **till.services.gateways}
    services = replace(till.services, gateways=gateways)  # type: ignore[arg-type] # nothing else of it is asked
    with pytest.raises(ExceptionGroup, match="could not be asked"):
        await sweep_events(services)
    assert (await _states(till))["waiting"] > 0
    with pytest.raises(ExceptionGroup, match="could not be asked"):
        await read_gateway_payouts(services)


async def test_an_event_that_cannot_be_dealt_with_waits_longer_each_time_and_somebody_may_try_it_again(
    till: Till,
) -> None:
    organization = await till.organization()
    card = await till.card(organization)
    await till.control.script(LoseAnswer())
    bought = await till.buy(organization, card)
    await till.control.script(Error(), operation="lookup", requests=None)
    assert await till.deliver(await _event(till, EventKind.CHARGE_SUCCEEDED)) == Done(changed=False)
    assert await deal_with_waiting_events(till.services) == 0, "its turn has not come"
    for _ in range(TRIES_MAX):
        till.office.clock.advance(hours=1)
        await deal_with_waiting_events(till.services)
    assert await _states(till) == {"failed": 1}
    assert (await till.shown(bought)).state is TopUpState.UNKNOWN
    await till.control.clear_script()
    page = await list_gateway_events(till.services, gateway=None, state="failed", cursor=None, limit=10)
    assert not isinstance(page, Refused)
    (failed,) = page.items
    assert (failed.attempts, failed.failure) == (TRIES_MAX, "no answer")
    again = await deal_again_with(till.services, gateway_event_id=failed.gateway_event_id)
    assert not isinstance(again, Refused)
    assert again.state.value == "done"
    assert (await till.shown(bought)).state is TopUpState.SUCCEEDED


async def test_what_dies_between_keeping_a_message_and_dealing_with_it_is_left_to_the_worker(till: Till) -> None:
    organization = await till.organization()
    card = await till.card(organization)
    await till.control.script(LoseAnswer())
    bought = await till.buy(organization, card)
    await till.control.script(LoseAnswer(manner="hang"), operation="lookup", requests=1)
    delivering = asyncio.create_task(till.deliver(await _event(till, EventKind.CHARGE_SUCCEEDED)))
    async with asyncio.timeout(30):
        while not await _states(till):  # noqa: ASYNC110 - the row is in the database, which sets no event
            await asyncio.sleep(0.01)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)
    assert await _states(till) == {"waiting": 1}
    await till.control.clear_script()
    assert await deal_with_waiting_events(till.services) == 1
    assert (await till.shown(bought)).state is TopUpState.SUCCEEDED


async def test_events_about_nothing_of_ours_are_set_aside(till: Till) -> None:
    for kind in EventKind:
        event = WebhookEvent(
            id=f"evt_{kind.value}",
            kind=kind,
            object_reference="ch_0123456789abcdef01234567",
            idempotency_key="'; drop table top_ups; --",
            occurred_at=NOON,
        )
        assert await till.deliver(event) == Done(changed=False)
    assert await _states(till) == {"ignored": len(EventKind)}


async def test_a_decline_that_came_late_does_not_undo_a_success(till: Till) -> None:
    organization = await till.organization()
    bought = await till.buy(organization, await till.card(organization))
    event = await _event(till, EventKind.CHARGE_SUCCEEDED)
    await till.deliver(replace(event, id="evt_late", kind=EventKind.CHARGE_DECLINED))
    assert (await till.shown(bought)).state is TopUpState.SUCCEEDED


async def test_a_payer_who_is_present_gets_a_page_to_approve_on_until_it_is_settled(till: Till) -> None:
    organization, stranger = await till.organization(), await till.organization("Stranger")
    bought = await till.buy(organization, await till.card(organization, "sim_authenticate"))

    async def resume(services: Services, who: str, return_url: str | None = None) -> TopUpRecord | Refused:
        return await resume_payment(services, organization_id=who, top_up_id=bought.top_up_id, return_url=return_url)

    resumed = await resume(till.services, organization)
    assert isinstance(resumed, TopUpRecord)
    assert (resumed.state, resumed.action_url != "") == (TopUpState.ACTION_REQUIRED, True)
    foreign = await resume(till.services, stranger)
    assert isinstance(foreign, Refused)
    assert foreign.code is RefusalCode.UNKNOWN_TOP_UP
    led_away = await resume(till.services, organization, "https://evil.example/")
    assert isinstance(led_away, Refused)
    paid = await till.buy(organization, await till.card(organization))
    closed = await resume_payment(till.services, organization_id=organization, top_up_id=paid.top_up_id)
    assert isinstance(closed, Refused)
    assert closed.code is RefusalCode.PAYMENT_NOT_OPEN


async def test_a_payment_under_way_brings_its_fee_when_it_is_settled(till: Till) -> None:
    organization = await till.organization()
    await till.control.script(Process(milliseconds=0))
    bought = await till.buy(organization, await till.card(organization))
    async with asyncio.timeout(30):
        while (await till.shown(bought)).state is not TopUpState.SUCCEEDED:
            await sweep_events(till.services)
            await deal_with_waiting_events(till.services)
            await asyncio.sleep(0.02)
    assert (await till.shown(bought)).fee_micros == 1_000_000
    assert await till.books_agree()


class WithPayouts:
    """The gateway with three payouts, one a page, the last of which is on its way at first."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self.last_state = "in_transit"

    def __getattr__(self, name: str) -> object:
        return getattr(self._till.gateway, name)

    async def list_payouts(self, cursor: str | None) -> PayoutPage:
        """A payout a page; the last one is told again, for its state may move."""
        number = min(int(cursor or 0), 2)
        state = self.last_state if number == 2 else "paid"
        arrives_on = date(2026, 11, 20 + number)
        payout = Payout(
            reference=f"po_{number}", amount_minor=100 * number - 50, currency="EUR", arrives_on=arrives_on, state=state
        )
        return PayoutPage(payouts=(payout,), next_cursor=str(min(number + 1, 2)), has_more=number < 2)


async def test_payouts_are_kept_once_as_they_stand_and_listed_latest_first(till: Till) -> None:
    paying = WithPayouts(till)
    services = replace(till.services, gateways={"simulator": paying})  # type: ignore[dict-item] # the rest is the gateway's
    await read_gateway_payouts(services)
    paying.last_state = "paid"
    await read_gateway_payouts(services)
    shown, cursor = [], None
    for _ in range(3):
        page = await list_payouts(services, gateway="simulator", cursor=cursor, limit=1)
        assert not isinstance(page, Refused)
        shown += [(each.reference, each.amount_micros, each.state) for each in page.items]
        cursor = page.next_cursor
    assert shown == [("po_2", 1_500_000, "paid"), ("po_1", 500_000, "paid"), ("po_0", -500_000, "paid")]
    assert cursor is None
    refused = await list_payouts(services, gateway=None, cursor="nonsense", limit=10)
    assert isinstance(refused, Refused)
