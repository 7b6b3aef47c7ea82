"""Auto-recharge in operation: which methods a rule may use, switching off, and what the worker finds after a wait."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from commcredits.core.account import PauseReason
from commcredits.core.commands import Adjust, CloseOrganization, OpenDispute, PaymentState, RecordPayment, SendTopUp
from commcredits.core.outcomes import RechargeRuleSaved, RefusalCode, Refused
from commcredits.core.recharge_outlook import NextKind
from commcredits.operations.balance_alerts import read_balance_alerts, save_balance_alerts
from commcredits.operations.recharge_attempts import AttemptFollowUp, AttemptOutcome, list_recharge_attempts
from commcredits.operations.recharging import (
    AutoRecharge,
    RechargeTerms,
    check_recharges,
    read_auto_recharge,
    save_auto_recharge,
    switch_auto_recharge_off,
)
from commcredits.storage.payment_methods import insert_payment_method
from commcredits.storage.payments import PaymentMethodRecord
from tests.operations.office import SHARD, Office, new_id

UNIT = 1_000_000


class ByItself:
    """A gateway of which only this is asked: whether it charges while nobody is there."""

    def __init__(self, *, off_session: bool) -> None:
        self.off_session = off_session

    def capabilities(self) -> "ByItself":
        return self


def _selling(office: Office) -> Office:
    """The office with a gateway that charges by itself and one that needs the payer."""
    gateways: Any = {"by_itself": ByItself(off_session=True), "in_person": ByItself(off_session=False)}
    office.services = replace(office.services, gateways=gateways)
    return office


async def _method(office: Office, organization_id: str, *, gateway: str = "by_itself") -> str:
    record = PaymentMethodRecord(
        payment_method_id=new_id(),
        gateway=gateway,
        reference=f"pm_{new_id()}",
        kind="card",
        brand="visa",
        last4="4242",
        expiry_month=12,
        expiry_year=2030,
        created_at=office.clock.now,
    )
    await insert_payment_method(office.services.pool, SHARD, organization_id, record)
    return record.payment_method_id


def _terms(method: str, **fields: Any) -> RechargeTerms:
    usual = {"enabled": True, "trigger_amount_micros": 20 * UNIT, "recharge_amount_micros": 100 * UNIT}
    return RechargeTerms(payment_method_id=method, **{**usual, **fields})


async def _save(office: Office, organization_id: str, terms: RechargeTerms) -> RechargeRuleSaved | Refused:
    return await save_auto_recharge(office.services, organization_id=organization_id, command_id=new_id(), terms=terms)


async def _read(office: Office, organization_id: str) -> AutoRecharge:
    rule = await read_auto_recharge(office.services, organization_id=organization_id)
    assert isinstance(rule, AutoRecharge)
    return rule


async def _funded(office: Office, units: int = 50) -> str:
    organization = await _selling(office).organization()
    await office.grant(organization.organization_id, units * UNIT, days=30)
    return organization.organization_id


@pytest.mark.parametrize("place", ["payment_method_id", "backup_payment_method_id"])
async def test_a_method_that_cannot_pay_alone_or_is_not_theirs_is_refused_in_both_places(
    office: Office, place: str
) -> None:
    organization, stranger = await _funded(office), await _funded(office)
    own = await _method(office, organization)
    for wrong, code in (
        (await _method(office, organization, gateway="in_person"), RefusalCode.PAYMENT_METHOD_NOT_ALLOWED),
        (await _method(office, organization, gateway="gone"), RefusalCode.PAYMENT_METHOD_NOT_ALLOWED),
        (await _method(office, stranger), RefusalCode.UNKNOWN_PAYMENT_METHOD),
        (new_id(), RefusalCode.UNKNOWN_PAYMENT_METHOD),
    ):
        terms = _terms(wrong) if place == "payment_method_id" else _terms(own, backup_payment_method_id=wrong)
        refused = await _save(office, organization, terms)
        assert isinstance(refused, Refused)
        assert refused.code is code
    assert await read_auto_recharge(office.services, organization_id=organization) is None


@pytest.mark.parametrize(
    ("field", "value"), [("mode", "everything"), ("mode", ""), ("expiry_ahead_days", 91), ("expiry_ahead_days", -1)]
)
async def test_terms_that_nobody_knows_are_refused_by_name(office: Office, field: str, value: object) -> None:
    organization = await _funded(office)
    refused = await _save(office, organization, _terms(await _method(office, organization), **{field: value}))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)


async def test_switching_off_keeps_every_term_and_asks_nobody_for_the_methods(office: Office) -> None:
    organization = await _funded(office)
    method, backup = await _method(office, organization), await _method(office, organization)
    terms = _terms(
        method, mode="to_target", target_amount_micros=70 * UNIT, backup_payment_method_id=backup, expiry_ahead_days=3
    )
    await _save(office, organization, terms)
    on = await _read(office, organization)
    office.services = replace(office.services, gateways={})
    done = await switch_auto_recharge_off(office.services, organization_id=organization, command_id=new_id())
    assert done == RechargeRuleSaved(recharge_started=False)
    off = await _read(office, organization)
    assert (off.enabled, off.next_step.kind) == (False, NextKind.NOTHING)
    assert replace(off, enabled=True, standing=on.standing, next_step=on.next_step) == on


async def test_switching_off_what_was_never_on_does_nothing(office: Office) -> None:
    organization = await _funded(office)
    done = await switch_auto_recharge_off(office.services, organization_id=organization, command_id=new_id())
    assert done == RechargeRuleSaved(recharge_started=False)
    assert await read_auto_recharge(office.services, organization_id=organization) is None


async def test_the_worker_finds_funds_that_are_about_to_expire_and_says_before_when_it_will(office: Office) -> None:
    organization = await _funded(office)
    await _save(office, organization, _terms(await _method(office, organization), expiry_ahead_days=7))
    at = office.clock.now + timedelta(days=23)
    assert (await _read(office, organization)).next_step.at == at
    office.clock.now = at - timedelta(microseconds=1)
    assert await check_recharges(office.services) == 0
    office.clock.now = at
    assert await check_recharges(office.services) == 1
    assert await check_recharges(office.services) == 0


async def test_the_worker_asks_no_paused_rule_and_one_that_was_saved_again_goes_on(office: Office) -> None:
    organization = await _funded(office)
    terms = _terms(await _method(office, organization))
    await _save(office, organization, terms)
    taken = Adjust(organization_id=organization, command_id=new_id(), amount_micros=-40 * UNIT, reason="test")
    await office.execute(taken)
    office.clock.advance(days=1)
    assert await check_recharges(office.services) == 0
    rule = await _read(office, organization)
    assert (rule.paused, rule.next_step.kind) == (PauseReason.ADJUSTMENT, NextKind.LOOK)
    assert await _save(office, organization, terms) == RechargeRuleSaved(recharge_started=True)
    assert (await _read(office, organization)).paused is None


async def test_a_recharge_that_is_disputed_stands_in_the_way_of_no_other(office: Office) -> None:
    organization = await _funded(office, units=10)
    terms = _terms(await _method(office, organization))
    await _save(office, organization, terms)
    (attempt,) = await _attempts(office, organization)
    of_attempt = {"organization_id": organization, "top_up_id": attempt.top_up_id}
    await office.execute(SendTopUp(**of_attempt))
    await office.execute(RecordPayment(**of_attempt, state=PaymentState.SUCCEEDED, gateway="by_itself"))
    await office.execute(OpenDispute(**of_attempt, dispute_reference="dp_1"))
    office.clock.advance(minutes=5)
    assert (await _read(office, organization)).paused is PauseReason.DISPUTE
    assert await _save(office, organization, terms) == RechargeRuleSaved(recharge_started=True)
    newest, disputed = await _attempts(office, organization)
    assert (newest.outcome, disputed.outcome) == (AttemptOutcome.WAITING, AttemptOutcome.DISPUTED)


async def test_each_decline_says_what_followed(office: Office) -> None:
    organization = await _funded(office, units=10)
    method, backup = await _method(office, organization), await _method(office, organization)
    await _save(office, organization, _terms(method, backup_payment_method_id=backup))
    for retryable in (True, True):
        attempt = (await _attempts(office, organization))[0]
        of_attempt = {"organization_id": organization, "top_up_id": attempt.top_up_id}
        await office.execute(SendTopUp(**of_attempt))
        await office.execute(
            RecordPayment(
                **of_attempt,
                state=PaymentState.DECLINED,
                gateway="by_itself",
                reason="expired_card",
                retryable=retryable,
            )
        )
    second, first = await _attempts(office, organization)
    assert (first.follow_up, first.payment_method_id) == (AttemptFollowUp.BACKUP, method)
    assert (second.follow_up, second.payment_method_id) == (AttemptFollowUp.RETRY, backup)
    assert second.retry_at == office.clock.now + timedelta(hours=1)
    assert {first.reason, second.reason} == {"expired_card"}
    assert (await _read(office, organization)).next_step.at == second.retry_at


async def test_a_closing_organization_is_not_recharged_and_says_so(office: Office) -> None:
    organization = await _funded(office, units=10)
    await _save(office, organization, _terms(await _method(office, organization)))
    await office.execute(CloseOrganization(organization_id=organization, command_id=new_id()))
    (attempt,) = await _attempts(office, organization)
    assert attempt.outcome is AttemptOutcome.SWITCHED_OFF
    assert (await _read(office, organization)).next_step.kind is NextKind.NOTHING


async def test_alerts_are_those_of_one_organization(office: Office) -> None:
    organization, other = await _funded(office), await _funded(office)
    await save_balance_alerts(
        office.services, organization_id=organization, command_id=new_id(), amounts_micros=[UNIT, 5 * UNIT]
    )
    for each, amounts in ((organization, (5 * UNIT, UNIT)), (other, ())):
        alerts = await read_balance_alerts(office.services, organization_id=each)
        assert not isinstance(alerts, Refused)
        assert alerts.amounts_micros == amounts


async def _attempts(office: Office, organization_id: str) -> tuple[Any, ...]:
    page = await list_recharge_attempts(office.services, organization_id=organization_id, cursor=None, limit=50)
    assert not isinstance(page, Refused)
    return page.items
