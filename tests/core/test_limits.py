"""Caps shorten a grant and then refuse; limits that show fraud block until somebody lifts the block."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode
from commcredits.core.roster import BlockedKind, BlockReason, Licence, Limits, PartyKind
from tests.core.books import units
from tests.core.people import (
    BRITISH,
    DOMESTIC,
    QUEUE,
    QUEUE_NUMBER,
    SALES,
    SALES_NUMBER,
    SUPPORT,
    granted,
    office,
    people,
    refused,
    user,
)

CREDITS = Licence.COMMUNICATIONS_CREDITS


def test_as_many_calls_run_at_once_as_are_allowed() -> None:
    account = office(CREDITS, limits=Limits(calls_max=2))
    for number in range(2):
        granted(account.authorise(f"call-{number}", caller=SALES_NUMBER, callee=BRITISH, slice_seconds=10))
    refusal = refused(account.authorise("call-2", caller=SALES_NUMBER, callee=BRITISH))
    assert (refusal.code, refusal.facts["running"], refusal.facts["allowed"]) == (RefusalCode.TOO_MANY_CALLS, 2, 2)
    account.end(5, "call-0")
    granted(account.authorise("call-3", caller=SALES_NUMBER, callee=BRITISH))


@pytest.mark.parametrize(
    ("limits", "department", "meter"),
    [
        (Limits(user_monthly_max_micros=units("1")), "", f"cap:user:{SALES}"),
        (Limits(department_monthly_max_micros={"Sales": units("1")}), "Sales", "cap:department:Sales"),
    ],
)
def test_a_cap_shortens_a_grant_and_then_refuses(limits: Limits, department: str, meter: str) -> None:
    account = office(CREDITS, limits=limits, department=department)
    grant = granted(account.authorise(caller=SALES_NUMBER, callee=BRITISH))
    assert (grant.granted_seconds, grant.final) == (100, True)
    account.end(100)
    refusal = refused(account.authorise("call-2", caller=SALES_NUMBER, callee=BRITISH))
    assert refusal.code is RefusalCode.CAP_REACHED
    assert refusal.facts["used_micros"] == units("1")
    assert (refusal.facts["meter"], refusal.facts["limit_micros"]) == (meter, units("1"))
    account.now += timedelta(days=30)
    granted(account.authorise("call-3", caller=SALES_NUMBER, callee=BRITISH))


def test_a_spend_velocity_limit_blocks_the_user_until_somebody_lifts_it() -> None:
    account = office(CREDITS, Licence.DOMESTIC_120, limits=Limits(user_hourly_max_micros=units("1")))
    granted(account.authorise("call-1", caller=SALES_NUMBER, callee=BRITISH))
    (block,) = account.account.blocks
    assert (block.kind, block.subject, block.reason) == (BlockedKind.USER, SALES, BlockReason.SPEND_VELOCITY)
    assert (block.limit_micros, block.spent_micros) == (units("1"), units("1"))
    refusal = refused(account.authorise("call-2", caller=SALES_NUMBER, callee=BRITISH))
    assert (refusal.code, refusal.facts["block_id"]) == (RefusalCode.BLOCKED, block.block_id)
    assert granted(account.authorise("call-3", caller=SALES_NUMBER, callee=DOMESTIC)).included_seconds == 300
    account.end(100, "call-1")
    account.lift(block.block_id)
    assert account.account.blocks == ()
    granted(account.authorise("call-4", caller=SALES_NUMBER, callee=BRITISH))


def test_what_is_unusual_for_a_destination_blocks_the_destination() -> None:
    account = office(CREDITS, balance="100", limits=Limits(destination_daily_max_micros=units("3")))
    granted(account.authorise("call-1", caller=SALES_NUMBER, callee=BRITISH, slice_seconds=600))
    (block,) = account.account.blocks
    assert (block.kind, block.subject) == (BlockedKind.DESTINATION, "GB")
    assert refused(account.authorise("call-2", caller=SALES_NUMBER, callee=BRITISH)).code is RefusalCode.BLOCKED
    granted(account.authorise("call-3", caller=SALES_NUMBER, callee=DOMESTIC))


def test_what_is_usual_for_a_destination_passes() -> None:
    account = office(CREDITS, balance="100", limits=Limits(destination_daily_max_micros=units("3")))
    roster = account.account.roster
    assert roster is not None
    account.account = replace(account.account, roster=replace(roster, usual_daily_micros={"GB": units("5")}))
    assert not granted(account.authorise(caller=SALES_NUMBER, callee=BRITISH, slice_seconds=600)).final


def test_one_outside_caller_cannot_drain_the_balance_through_a_toll_free_number() -> None:
    account = office(limits=Limits(toll_free_caller_daily_max_micros=units("0.20")))
    people(
        account,
        user(SALES),
        user(SUPPORT),
        user(QUEUE, kind=PartyKind.RESOURCE_ACCOUNT),
        limits=Limits(toll_free_caller_daily_max_micros=units("0.20")),
    )
    hostile = {"caller": "+40722000001", "callee": QUEUE_NUMBER, "service": Service.TOLL_FREE_IN}
    assert granted(account.authorise("call-1", **hostile)).granted_seconds == 120
    assert refused(account.authorise("call-2", **hostile)).code is RefusalCode.CAP_REACHED
    granted(account.authorise("call-3", **{**hostile, "caller": "+40722000002"}))
