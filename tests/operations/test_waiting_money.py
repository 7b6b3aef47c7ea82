"""Rules and attempts that wait: those that can do nothing now never keep the others from their turn."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

from commcredits.core.commands import PaymentState, RecordPayment, RequestTopUp, SaveRechargeRule, SendTopUp
from commcredits.core.outcomes import RechargeRuleSaved, TopUpTaken
from commcredits.gateways.protocol import Capabilities, Gateway, LookupOutcome, Succeeded
from commcredits.operations.payments import FROM_THE_OLDEST, RESOLVE_AFTER_SECONDS, resolve_open_top_ups
from commcredits.operations.recharging import check_recharges
from commcredits.storage.payments import read_due_top_ups, read_recharge_candidates
from tests.operations.office import SHARD, Office, new_id

UNIT = 1_000_000
RECHARGE = 50 * UNIT
HALF_A_DAY_BEFORE_DECEMBER = datetime(2026, 11, 30, 12, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 0, 1, tzinfo=UTC)


async def recharged_once(office: Office, *, cap_micros: int) -> str:
    """An organization whose first recharge succeeded and left it below its trigger all the same."""
    organization = await office.organization()
    organization_id = organization.organization_id
    rule = SaveRechargeRule(
        organization_id=organization_id,
        command_id=new_id(),
        enabled=True,
        recharge_amount_micros=RECHARGE,
        trigger_amount_micros=2 * RECHARGE,
        monthly_cap_micros=cap_micros,
        payment_method=new_id(),
    )
    assert isinstance(await office.execute(rule), RechargeRuleSaved)
    for due in await read_due_top_ups(office.services.pool, SHARD, 10):
        await office.execute(SendTopUp(organization_id=organization_id, top_up_id=due.top_up_id))
        await pay(office, organization_id, due.top_up_id, PaymentState.SUCCEEDED)
    return organization_id


async def pay(office: Office, organization_id: str, top_up_id: str, state: PaymentState) -> None:
    """Record what a gateway said."""
    payment = RecordPayment(
        organization_id=organization_id, top_up_id=top_up_id, state=state, gateway="broken", reason=""
    )
    assert isinstance(await office.execute(payment), TopUpTaken)


async def waiting_attempt(office: Office, organization_id: str) -> str:
    """An attempt that its payer has yet to approve."""
    request = RequestTopUp(
        organization_id=organization_id, command_id=new_id(), amount_micros=RECHARGE, payment_method=new_id()
    )
    taken = await office.execute(request)
    assert isinstance(taken, TopUpTaken)
    await pay(office, organization_id, taken.top_up_id, PaymentState.ACTION_REQUIRED)
    return taken.top_up_id


async def candidates(office: Office) -> list[str]:
    """Whose rule would be looked at now."""
    found = await read_recharge_candidates(
        office.services.pool, SHARD, now=office.clock.now, after=FROM_THE_OLDEST, limit=100
    )
    return list(found)


async def test_a_rule_at_its_monthly_cap_is_not_looked_at_until_a_month_may_have_begun(office: Office) -> None:
    capped = await recharged_once(office, cap_micros=RECHARGE)
    waiting = await recharged_once(office, cap_micros=2 * RECHARGE)
    office.clock.advance(hours=1)
    assert await candidates(office) == [waiting]
    office.clock.now = DECEMBER
    assert set(await candidates(office)) == {capped, waiting}
    assert await check_recharges(office.services) == 2


async def test_an_organization_that_closes_is_not_looked_at(office: Office) -> None:
    closing = await recharged_once(office, cap_micros=2 * RECHARGE)
    await office.services.pool.execute(
        "update organizations set status = 'closing' where organization_id = $1", closing
    )
    office.clock.advance(hours=1)
    assert await candidates(office) == []


async def test_rules_that_cannot_recharge_never_stand_before_the_others(office: Office) -> None:
    # In the last hours of a month, those at their cap may be in the next one already, so they are looked at in vain.
    office.clock.now = HALF_A_DAY_BEFORE_DECEMBER
    for _ in range(3):
        await recharged_once(office, cap_micros=RECHARGE)
    waiting = await recharged_once(office, cap_micros=2 * RECHARGE)
    office.clock.advance(hours=1)
    assert len(await candidates(office)) == 4
    assert await check_recharges(office.services, at_once=2) == 1
    assert [due.organization_id for due in await read_due_top_ups(office.services.pool, SHARD, 10)] == [waiting]


async def test_whoever_comes_to_his_cap_while_he_waits_is_told_once_though_nothing_of_his_moves(office: Office) -> None:
    organization = await recharged_once(office, cap_micros=RECHARGE + RECHARGE // 2)
    office.clock.advance(hours=1)
    assert await candidates(office) == [organization]
    assert await check_recharges(office.services) == 1
    assert not await read_due_top_ups(office.services.pool, SHARD, 10)
    assert await candidates(office) == []
    told = "select count(*) from notices where organization_id = $1 and kind = 'cap_reached'"
    assert await office.services.pool.fetchval(told, organization) == 1


class BrokenGateway:
    """A plug-in with a bug: what it is asked about one attempt ends in an error."""

    def __init__(self, culprit: str) -> None:
        self._culprit = culprit
        self.asked: list[str] = []

    def capabilities(self) -> Capabilities:
        """Those of a gateway that knows by itself what became of a charge."""
        return Capabilities(
            name="broken",
            off_session=True,
            hosted_setup=False,
            cancels=True,
            partial_refunds=True,
            webhooks=False,
            lists_events=False,
        )

    async def lookup(self, idempotency_key: str) -> LookupOutcome:
        """The state of a charge, or the bug."""
        self.asked.append(idempotency_key)
        if idempotency_key == self._culprit:
            raise KeyError(idempotency_key)
        return Succeeded(reference="paid")


async def test_attempts_that_stay_open_never_keep_newer_ones_from_being_looked_up(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    attempts = [await waiting_attempt(office, organization_id) for _ in range(3)]
    office.clock.advance(seconds=RESOLVE_AFTER_SECONDS + 1)
    first = await resolve_open_top_ups(office.services, at_once=2)
    assert first.next_after == attempts[1]
    second = await resolve_open_top_ups(office.services, after=first.next_after, at_once=2)
    assert second.next_after == FROM_THE_OLDEST


async def test_an_attempt_whose_look_up_fails_does_not_stop_the_others(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    culprit, other = [await waiting_attempt(office, organization_id) for _ in range(2)]
    office.clock.advance(seconds=RESOLVE_AFTER_SECONDS + 1)
    gateway = BrokenGateway(culprit)
    services = replace(office.services, gateways={"broken": cast("Gateway", gateway)})
    resolved = await resolve_open_top_ups(services)
    assert gateway.asked == [culprit, other]
    assert resolved.settled == 1
    assert [type(failure) for failure in resolved.failures] == [KeyError]
