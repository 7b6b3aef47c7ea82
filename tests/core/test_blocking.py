"""Blocks: set by hand, lifted by hand, and what each leaves behind."""

from datetime import timedelta

import pytest

from commcredits.core.commands import LiftBlock, Service, SetBlock
from commcredits.core.meters import Meter
from commcredits.core.outcomes import BlockSet, Done, Granted, RefusalCode, Refused
from commcredits.core.roster import BlockedKind, BlockReason, Licence, Limits
from tests.core.audit_people import audit_people
from tests.core.books import ORGANIZATION, Books, books, rate, units
from tests.core.people import BRITISH, DOMESTIC, SALES, SALES_NUMBER, SUPPORT_NUMBER, people, user

CREDITS = Licence.COMMUNICATIONS_CREDITS


def office(limits: Limits | None = None) -> Books:
    """Two users who draw on credits, the first with minutes at home as well."""
    opened = books(rate(prefix="44"), rate(prefix="40", per_minute="0.06"), balance="10")
    return people(opened, user(SALES, CREDITS, Licence.DOMESTIC_120), user("b" * 36, CREDITS), limits=limits)


def block(account: Books, kind: BlockedKind, subject: str) -> BlockSet:
    command = SetBlock(organization_id=ORGANIZATION, command_id="block", kind=kind, subject=subject)
    outcome = account.do(command)
    assert isinstance(outcome, BlockSet), outcome
    return outcome


def code(outcome: object) -> RefusalCode | None:
    return outcome.code if isinstance(outcome, Refused) else None


def test_a_user_blocked_by_hand_makes_no_charged_call_until_the_block_is_lifted() -> None:
    account = office()
    blocked = block(account, BlockedKind.USER, SALES)
    refusal = account.authorise("call-1", caller=SALES_NUMBER, callee=BRITISH)
    assert isinstance(refusal, Refused)
    assert (refusal.code, refusal.facts["block_id"]) == (RefusalCode.BLOCKED, blocked.block_id)
    assert refusal.facts["reason"] == BlockReason.BY_ADMINISTRATOR
    assert isinstance(account.authorise("call-2", caller=SALES_NUMBER, callee=DOMESTIC), Granted)
    assert isinstance(account.authorise("call-3", caller=SUPPORT_NUMBER, callee=BRITISH), Granted)
    assert isinstance(account.authorise("call-4", callee="112", service=Service.EMERGENCY), Granted)
    assert account.lift(blocked.block_id) == Done(changed=True)
    assert isinstance(account.authorise("call-5", caller=SALES_NUMBER, callee=BRITISH), Granted)
    lifted = account.blocks[blocked.block_id]
    assert (lifted.lifted_at, lifted.lifted_by) == (account.now, "administrator")


def test_a_country_blocked_by_hand_is_called_by_nobody() -> None:
    account = office()
    block(account, BlockedKind.DESTINATION, "GB")
    for caller in (SALES_NUMBER, SUPPORT_NUMBER, "+40211239999"):
        assert code(account.authorise(caller, caller=caller, callee=BRITISH)) is RefusalCode.BLOCKED
    assert isinstance(account.authorise("home", caller=SUPPORT_NUMBER, callee=DOMESTIC), Granted)


def test_what_is_blocked_already_stays_as_it_is() -> None:
    account = office(Limits(user_hourly_max_micros=units("1")))
    account.authorise("call-1", caller=SALES_NUMBER, callee=BRITISH)
    (by_limit,) = account.account.blocks
    assert block(account, BlockedKind.USER, SALES) == BlockSet(block_id=by_limit.block_id, changed=False)
    assert account.account.blocks == (by_limit,)
    assert by_limit.reason is BlockReason.SPEND_VELOCITY


@pytest.mark.parametrize("subject", [SALES, "GB"])
def test_a_call_that_runs_keeps_what_it_was_granted_and_gets_no_more(subject: str) -> None:
    account = office()
    account.authorise(caller=SALES_NUMBER, callee=BRITISH, answered=True)
    blocked = block(account, BlockedKind.USER if subject == SALES else BlockedKind.DESTINATION, subject)
    account.wait(seconds=60)
    stopped = account.update(1, 60)
    assert isinstance(stopped, Granted)
    assert (stopped.granted_seconds, stopped.final) == (300, True)
    account.lift(blocked.block_id)
    account.wait(seconds=60)
    extended = account.update(2, 120)
    assert isinstance(extended, Granted)
    assert (extended.granted_seconds, extended.final) == (420, False)
    account.end(200)
    assert account.call.charged_micros == units("2")


def test_a_call_that_runs_on_minutes_passes_a_block_until_they_are_used_up() -> None:
    account = office()
    account.meters["pool:MCOPSTN5:RO", "2026-11"] = Meter(key="pool:MCOPSTN5:RO", period="2026-11", used=113)
    account.authorise(caller=SALES_NUMBER, callee=DOMESTIC, answered=True)
    block(account, BlockedKind.USER, SALES)
    account.wait(seconds=300)
    on_minutes = account.update(1, 300)
    assert isinstance(on_minutes, Granted)
    assert (on_minutes.granted_seconds, on_minutes.included_seconds, on_minutes.final) == (420, 420, True)


def test_a_call_of_somebody_who_is_gone_gets_no_more_money_for_nothing_would_bind_it() -> None:
    account = office(Limits(user_monthly_max_micros=units("5")))
    account.authorise("abroad", caller=SALES_NUMBER, callee=BRITISH, answered=True)
    account.authorise("help", caller=SALES_NUMBER, callee="112", service=Service.EMERGENCY, answered=True)
    account.parties = dict.fromkeys(account.parties)
    account.wait(seconds=300)
    for call, final in (("abroad", True), ("help", False)):
        update = account.update(1, 300, call)
        assert isinstance(update, Granted)
        assert (update.granted_seconds, update.final) == (300 if final else 600, final)


def test_lifting_a_block_set_by_hand_forgets_nothing_of_any_limit() -> None:
    account = office(Limits(user_hourly_max_micros=units("5")))
    account.authorise("call-1", caller=SALES_NUMBER, callee=BRITISH)
    account.end(60, "call-1")
    blocked = block(account, BlockedKind.USER, SALES)
    account.lift(blocked.block_id)
    (velocity,) = [meter for meter in account.meters.values() if meter.key.startswith("velocity:")]
    assert velocity.used == units("0.60")


def test_a_block_that_is_not_in_force_cannot_be_lifted() -> None:
    account = office()
    blocked = block(account, BlockedKind.USER, SALES)
    account.lift(blocked.block_id)
    for block_id in (blocked.block_id, "never"):
        command = LiftBlock(organization_id=ORGANIZATION, command_id="x", block_id=block_id, lifted_by="administrator")
        assert account.do(command) == Refused(code=RefusalCode.UNKNOWN_BLOCK, facts={"block_id": block_id})


def test_a_silent_call_may_be_corrected_after_its_block_was_lifted() -> None:
    """Its spending was forgotten with the block, so there is nothing left to take off the meter."""
    account = office(Limits(user_hourly_max_micros=units("2")))
    account.authorise(caller=SALES_NUMBER, callee=BRITISH, answered=True)
    (by_limit,) = account.account.blocks
    account.wait(seconds=230)
    account.reap()
    assert account.call.charged_micros == units("2")
    assert account.lift(by_limit.block_id) == Done(changed=True)
    account.end(30)
    assert account.call.charged_micros == units("0.30")
    audit_people(account, lifted=True)


def test_lifting_a_block_lets_the_limit_be_spent_once_more_also_while_calls_hold_all_of_it() -> None:
    account = office(Limits(user_hourly_max_micros=units("2")))
    account.authorise("call-1", caller=SALES_NUMBER, callee=BRITISH)
    (by_limit,) = account.account.blocks
    assert code(account.authorise("call-2", caller=SALES_NUMBER, callee=BRITISH)) is RefusalCode.BLOCKED
    account.lift(by_limit.block_id)
    granted = account.authorise("call-3", caller=SALES_NUMBER, callee=BRITISH)
    assert isinstance(granted, Granted)
    assert (granted.granted_seconds, granted.final) == (200, True)
    assert code(account.authorise("call-4", caller=SALES_NUMBER, callee=BRITISH)) is RefusalCode.BLOCKED
    account.end(200, "call-1")
    account.end(200, "call-3")
    (velocity,) = [meter for meter in account.meters.values() if meter.key.startswith("velocity:")]
    assert (velocity.used, velocity.held) == (units("2"), 0)
    audit_people(account, lifted=True)


@pytest.mark.parametrize("left", [0, 2])
def test_nobody_is_blocked_by_a_limit_on_money_that_could_not_be_spent(left: int) -> None:
    """Minutes run out, and credits are not licensed, or nothing prices the call: no limit was reached by that."""
    limits = Limits(user_hourly_max_micros=units("1"), destination_daily_max_micros=units("1"))
    plan = Licence.DOMESTIC_AND_INTERNATIONAL
    for licences, callee, pool in (((plan,), BRITISH, ":international"), ((plan, CREDITS), "+40211230000", "")):
        account = people(books(rate(prefix="44"), balance="10"), user(SALES, *licences), limits=limits)
        key, size = f"pool:MCOPSTN2:RO{pool}", 600 if pool else 1_200
        account.meters[key, "2026-11"] = Meter(key=key, period="2026-11", used=size - left)
        outcome = account.authorise(caller=SALES_NUMBER, callee=callee)
        assert isinstance(outcome, Granted if left else Refused)
        if left:
            account.wait(seconds=120)
            assert isinstance(account.update(1, 120), Granted)
        assert account.account.blocks == ()


def test_lifting_a_block_forgets_the_hour_that_was_spent_and_not_the_one_in_which_it_showed() -> None:
    account = office(Limits(user_hourly_max_micros=units("10")))
    account.wait(minutes=55)
    account.authorise("call-1", caller=SALES_NUMBER, callee=BRITISH, answered=True)
    account.wait(minutes=10)
    account.authorise("call-2", caller=SALES_NUMBER, callee=BRITISH)
    account.grant_promotion("20", account.now + timedelta(days=30))
    account.update(1, 600, "call-1")
    account.wait(minutes=5)
    reached = account.update(2, 900, "call-1")
    assert isinstance(reached, Granted)
    assert reached.final
    (by_limit,) = account.account.blocks
    assert by_limit.period == "2026-11-22T12"
    account.lift(by_limit.block_id)
    spent = {meter.period: (meter.used, meter.held) for meter in account.meters.values()}
    assert spent == {"2026-11-22T12": (-units("1"), units("1")), "2026-11-22T13": (0, units("3"))}
    extended = account.update(3, 900, "call-1")
    assert isinstance(extended, Granted)
    assert (extended.final, account.account.blocks) == (False, ())
