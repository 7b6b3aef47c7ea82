"""Books in which everything has happened once: what verification finds nothing wrong with, and tests then spoil.

Knows which commands bring that about. Refuses to know what is wrong with spoiled books.
"""

from dataclasses import replace
from datetime import timedelta

from commcredits.core.commands import (
    Expire,
    ExpireLots,
    PaymentState,
    RecordPayment,
    RequestTopUp,
    SaveRechargeRule,
    SendTopUp,
    Service,
    Start,
    Update,
)
from commcredits.core.outcomes import Done, Ended, Granted, RechargeRuleSaved, Started, TopUpTaken
from commcredits.operations.receipts import issue_receipts
from tests.operations.books_of_people import fill_books_of_people
from tests.operations.office import Office, new_id
from tests.operations.selling import LONG_AGO, TERMS

DECLINED_MICROS = 60_000_000
ALFA, BRAVO = "Alfa", "Bravo"


async def fill_books(office: Office) -> None:
    """Two organizations with every kind of top-up, lot and call, and one with people; nothing here needs a gateway."""
    alfa = await office.calling_organization(name=ALFA, funds_micros=5_000_000)
    await _bought(office, alfa, 50_000_000, PaymentState.SUCCEEDED)
    await _bought(office, alfa, DECLINED_MICROS, PaymentState.DECLINED)
    await _bought(office, alfa, 70_000_000, PaymentState.PROCESSING)
    await office.call(alfa, "short", 60)
    await _long_call(office, alfa)
    await _corrected_call(office, alfa)
    await office.grant(alfa, 2_000_000, days=1)
    office.clock.advance(days=1)
    assert await office.execute(ExpireLots(organization_id=alfa)) == Done(changed=True)
    await office.authorise(alfa, "nowhere", callee="+99912345678")
    await office.authorise(alfa, "help", service=Service.EMERGENCY, callee="112", answered=True)
    await office.end(alfa, "help", 30)
    assert isinstance(await office.authorise(alfa, "running"), Granted)
    await _recharged(office)
    await fill_books_of_people(office)
    await issue_receipts(replace(office.services, receipts=TERMS), since=LONG_AGO)


async def _bought(office: Office, organization_id: str, amount_micros: int, state: PaymentState) -> None:
    taken = await office.execute(
        RequestTopUp(
            organization_id=organization_id, command_id=new_id(), amount_micros=amount_micros, payment_method="card"
        )
    )
    assert isinstance(taken, TopUpTaken), taken
    await _paid(office, organization_id, taken.top_up_id, state)


async def _paid(office: Office, organization_id: str, top_up_id: str, state: PaymentState) -> None:
    recorded = await office.execute(
        RecordPayment(
            organization_id=organization_id,
            top_up_id=top_up_id,
            state=state,
            gateway="test",
            reason="insufficient_funds" if state is PaymentState.DECLINED else "",
        )
    )
    assert isinstance(recorded, TopUpTaken), recorded
    assert recorded.state == state


async def _long_call(office: Office, organization_id: str) -> None:
    """620 seconds at 0.01, drawn from two lots: the promotion has 4.40 left."""
    await office.authorise(organization_id, "long")
    assert isinstance(await office.execute(Start(organization_id=organization_id, session_id="long")), Started)
    for number in (1, 2):
        office.clock.advance(seconds=300)
        updated = await office.execute(
            Update(organization_id=organization_id, session_id="long", request_number=number, used_seconds=300 * number)
        )
        assert isinstance(updated, Granted), updated
    assert (await office.end(organization_id, "long", 620)).charged_micros == 6_200_000


async def _corrected_call(office: Office, organization_id: str) -> None:
    """The reaper charged 300 seconds; the true end came with 100."""
    await office.authorise(organization_id, "corrected", answered=True)
    office.clock.advance(seconds=331)
    expired = await office.execute(Expire(organization_id=organization_id, session_id="corrected", grant_number=1))
    assert isinstance(expired, Ended)
    assert (await office.end(organization_id, "corrected", 100)).charged_micros == 1_000_000


async def _recharged(office: Office) -> None:
    """One recharge that was paid, and one that is due since the balance fell again."""
    bravo = await office.calling_organization(name=BRAVO, funds_micros=11_000_000)
    saved = await office.execute(
        SaveRechargeRule(
            organization_id=bravo,
            command_id=new_id(),
            enabled=True,
            recharge_amount_micros=50_000_000,
            trigger_amount_micros=10_000_000,
            monthly_cap_micros=None,
            payment_method="card",
        )
    )
    assert isinstance(saved, RechargeRuleSaved)
    await office.call(bravo, "first", 200)
    top_up_id = str(await office.services.pool.fetchval("select top_up_id from top_ups where state = 'due'"))
    sent = await office.execute(SendTopUp(organization_id=bravo, top_up_id=top_up_id))
    assert isinstance(sent, TopUpTaken)
    assert sent.send
    await _paid(office, bravo, top_up_id, PaymentState.SUCCEEDED)
    office.clock.now += timedelta(seconds=301)
    await office.authorise(bravo, "second", slice_seconds=5_500)
    assert await office.services.pool.fetchval("select count(*) from top_ups where state = 'due'") == 1
