"""Each notice is handed on once: a mail per recipient who chose its kind, a delivery per endpoint, or a log line."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

from structlog.testing import capture_logs

from commcredits.core.commands import GrantPromotion, PaymentState, RecordPayment, RequestTopUp, SaveBalanceAlerts
from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import TopUpTaken
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.notice_kinds import CHOICES, GROUP_OF
from commcredits.operations.recipients import remove_recipient
from commcredits.operations.telling_terms import TellingTerms
from commcredits.operations.webhook_endpoints import EndpointWithSecret, add_endpoint
from tests.operations.office import NOON, Office, new_id
from tests.operations.telling import UNIT, mailed, notice, recipient, that_tells, told


def test_every_kind_is_in_one_group_and_can_be_chosen() -> None:
    assert set(GROUP_OF) == set(NoticeKind)
    assert set(NoticeKind) < set(CHOICES)
    assert len(set(CHOICES)) == len(CHOICES)


async def test_each_recipient_gets_one_mail_of_each_kind_or_group_that_was_chosen(office: Office) -> None:
    services = that_tells(office)
    organization = (await office.organization()).organization_id
    other = (await office.organization("Other")).organization_id
    await recipient(services, organization, "all@example.com")
    await recipient(services, organization, "balance@example.com", "balance")
    await recipient(services, organization, "zero@example.com", "balance_zero")
    await recipient(services, other, "stranger@example.com")
    await notice(services, organization)
    await notice(services, organization, kind=NoticeKind.DISPUTE_WON)
    assert await hand_on_notices(services) == 2
    assert await hand_on_notices(services) == 0
    assert Counter(address for address, _state, _trouble in await mailed(services, organization)) == {
        "all@example.com": 2,
        "balance@example.com": 1,
    }
    assert await mailed(services, other) == []


async def test_two_workers_at_once_make_one_mail_and_one_delivery_of_each_notice(office: Office) -> None:
    services = that_tells(office, loopback_allowed=True)
    organization = (await office.organization()).organization_id
    await recipient(services, organization, "all@example.com")
    added = await add_endpoint(services, organization_id=organization, url="http://127.0.0.1:8099/hook")
    assert isinstance(added, EndpointWithSecret), added
    for _ in range(30):
        await notice(services, organization)
    counts = await asyncio.gather(*(hand_on_notices(services) for _ in range(4)))
    assert sum(counts) == 30
    notices = await told(services, organization)
    assert [(len(each.mails), len(each.deliveries)) for each in notices] == [(1, 1)] * 30
    assert {each.handed_on_at for each in notices} == {NOON}


async def test_where_nobody_was_chosen_the_billing_mail_hears_of_everything(office: Office) -> None:
    services = that_tells(office)
    organization = (await office.organization()).organization_id
    await services.pool.execute(
        "insert into billing_details values (0, $1, $2, $3)", organization, '{"mail": "billing@example.com"}', NOON
    )
    await notice(services, organization)
    await hand_on_notices(services)
    chosen = await recipient(services, organization, "zero@example.com", "balance_zero")
    await notice(services, organization)
    await hand_on_notices(services)
    assert [address for address, _state, _trouble in await mailed(services, organization)] == ["billing@example.com"]
    await remove_recipient(services, organization_id=organization, recipient_id=chosen)
    await notice(services, organization)
    await hand_on_notices(services)
    assert [address for address, _state, _trouble in await mailed(services, organization)] == [
        "billing@example.com"
    ] * 2


async def test_a_billing_mail_that_is_none_is_left_alone(office: Office) -> None:
    services = that_tells(office)
    organization = (await office.organization()).organization_id
    await services.pool.execute(
        "insert into billing_details values (0, $1, $2, $3)",
        organization,
        '{"mail": "a@example.com, b@example.com"}',
        NOON,
    )
    await notice(services, organization)
    assert await hand_on_notices(services) == 1
    assert await mailed(services, organization) == []


async def test_what_waited_for_longer_than_the_days_is_not_mailed_late(office: Office) -> None:
    services = that_tells(office, late_days=3)
    organization = (await office.organization()).organization_id
    await recipient(services, organization, "all@example.com")
    await notice(services, organization, key="late")
    office.clock.advance(microseconds=1)
    await notice(services, organization, key="in time")
    office.clock.advance(days=3)
    assert await hand_on_notices(services) == 2
    first, second = await told(services, organization)
    assert (len(first.mails), len(second.mails)) == (0, 1)
    assert first.handed_on_at is not None


async def test_without_a_mail_server_each_notice_is_told_to_the_log_once_and_names_nobody(office: Office) -> None:
    services = replace(office.services, telling=TellingTerms())
    organization = (await office.organization("Secretive SRL")).organization_id
    await recipient(services, organization, "all@example.com")
    await notice(services, organization)
    with capture_logs() as logged:
        assert [await hand_on_notices(services), await hand_on_notices(services)] == [1, 0]
    (line,) = logged
    assert (line["event"], line["kind"], line["organization_id"]) == ("notice", "balance_low", organization)
    assert "example.com" not in str(logged)
    assert "Secretive" not in str(logged)
    assert await mailed(services, organization) == []


async def _fund(office: Office, organization: str, amount_micros: int) -> None:
    taken = await office.execute(
        RequestTopUp(
            organization_id=organization, command_id=new_id(), amount_micros=amount_micros, payment_method=new_id()
        )
    )
    assert isinstance(taken, TopUpTaken), taken
    paid = await office.execute(
        RecordPayment(
            organization_id=organization,
            top_up_id=taken.top_up_id,
            state=PaymentState.SUCCEEDED,
            gateway="simulator",
            gateway_reference=new_id(),
        )
    )
    assert isinstance(paid, TopUpTaken), paid


async def test_a_low_balance_is_told_once_per_crossing_however_holds_flap_and_funds_come_and_go(office: Office) -> None:
    services = that_tells(office)
    organization = await office.calling_organization(funds_micros=100 * UNIT)
    await recipient(services, organization, "all@example.com", "balance_low")
    await office.execute(
        SaveBalanceAlerts(organization_id=organization, command_id=new_id(), amounts_micros=(50 * UNIT,))
    )

    async def crossings() -> int:
        await hand_on_notices(services)
        return len(await mailed(services, organization))

    # Ten calls hold far more than what is left above 50, and let it go again: nothing was used.
    for number in range(10):
        await office.authorise(organization, f"held-{number}", slice_seconds=600)
    for number in range(10):
        await office.end(organization, f"held-{number}", 0)
    assert await crossings() == 0
    await office.call(organization, "to exactly 50", 5_000, slice_seconds=14_400)
    assert await crossings() == 0
    await office.call(organization, "a second more", 1)
    assert await crossings() == 1
    for number in range(5):
        await office.call(organization, f"further down {number}", 10)
    assert await crossings() == 1
    # Two top-ups, which a repeated word of the gateway does not make four, and then below once more.
    await _fund(office, organization, 50 * UNIT)
    await _fund(office, organization, 50 * UNIT)
    assert await crossings() == 1
    await office.call(organization, "below again", 10_500, slice_seconds=14_400)
    await office.call(organization, "and further", 60)
    assert await crossings() == 2
    assert {mail[1] for mail in await mailed(services, organization)} == {"waiting"}


async def test_an_empty_balance_is_told_once_until_funds_have_come(office: Office) -> None:
    services = that_tells(office)
    organization = await office.calling_organization(funds_micros=1 * UNIT)
    await office.call(organization, "all of it", 100)
    for number in range(3):
        await office.authorise(organization, f"refused-{number}")
    assert len(await told(services, organization, "balance_zero")) == 1
    command = GrantPromotion(
        organization_id=organization,
        command_id=new_id(),
        amount_micros=UNIT,
        expires_at=office.clock.now.replace(year=2027),
        reason="test",
    )
    await office.execute(command)
    await office.call(organization, "all of it again", 100)
    await office.authorise(organization, "refused again")
    assert len(await told(services, organization, "balance_zero")) == 2
