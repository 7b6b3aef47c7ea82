"""People of the operator who ask for refunds and agree to them, and processes that die while they do.

Knows the shortest way to each. Refuses to know what is tested.
"""

from dataclasses import replace
from typing import Any, NoReturn

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.funding_rules import FundingRules
from commcredits.operations.refund_asking import request_call_refund, request_refund
from commcredits.operations.refund_requests import (
    RefundRequest,
    approve_refund_request,
    get_refund_request,
    reject_refund_request,
)
from commcredits.operations.reports import Balance, read_balance
from commcredits.operations.services import Services
from commcredits.storage.payments import TopUpRecord
from tests.operations.office import new_id
from tests.operations.till import Till

UNIT = 1_000_000
BOUGHT = 300 * UNIT
ALICE, BOB, CAROL = "alice", "bob", "carol"


class DeafExecutor:
    """The process dies after the approval is written down and before the account hears of it."""

    async def execute(self, _command: Any) -> NoReturn:
        """Never comes to an end."""
        raise ConnectionResetError


class DyingExecutor:
    """The process dies after the account has carried something out and before anybody else hears of it."""

    def __init__(self, services: Services) -> None:
        self._executor = services.executor

    async def execute(self, command: Any) -> NoReturn:
        """Carry it out, and tell nobody."""
        await self._executor.execute(command)
        raise ConnectionResetError


class BusyExecutor:
    """The account takes nothing now."""

    async def execute(self, _command: Any) -> Refused:
        """Later, perhaps."""
        return Refused(code=RefusalCode.BUSY)


async def bought(till: Till, micros: int = BOUGHT) -> TopUpRecord:
    """A purchase by an organization of its own."""
    organization = await till.organization()
    return await till.buy(organization, await till.card(organization), micros)


async def asked(till: Till, top_up: TopUpRecord, units: int | None, by: str = ALICE, **fields: Any) -> Any:
    """What becomes of a refund that somebody asks for."""
    content: dict[str, Any] = {"command_id": new_id(), "reason": "left us", **fields}
    return await request_refund(
        till.services,
        organization_id=top_up.organization_id,
        top_up_id=top_up.top_up_id,
        amount_micros=None if units is None else units * UNIT,
        requested_by=by,
        **content,
    )


async def called(till: Till, seconds: int) -> str:
    """The organization whose call "long" has cost a cent a second."""
    organization = await till.office.calling_organization(funds_micros=BOUGHT)
    await till.office.call(organization, "long", seconds)
    return organization


async def asked_of_call(till: Till, organization: str, used_seconds: int = 0, by: str = ALICE, **fields: Any) -> Any:
    """The same for what a call was charged."""
    content: dict[str, Any] = {"command_id": new_id(), "session_id": "long", "reason": "no audio", **fields}
    return await request_call_refund(
        till.services, organization_id=organization, used_seconds=used_seconds, requested_by=by, **content
    )


async def approved(services: Services, pending: RefundRequest, by: str) -> Any:
    """What becomes of a request that somebody agrees to."""
    return await approve_refund_request(
        services,
        organization_id=pending.organization_id,
        refund_request_id=pending.refund_request_id,
        approved_by=by,
    )


async def rejected(services: Services, pending: RefundRequest, by: str) -> Any:
    """The same for one that somebody does not agree to."""
    return await reject_refund_request(
        services,
        organization_id=pending.organization_id,
        refund_request_id=pending.refund_request_id,
        rejected_by=by,
    )


async def known(till: Till, request: RefundRequest) -> RefundRequest:
    """A request as it stands now."""
    found = await get_refund_request(
        till.services, organization_id=request.organization_id, refund_request_id=request.refund_request_id
    )
    assert isinstance(found, RefundRequest), found
    return found


async def posted(till: Till, organization_id: str) -> int:
    """What is in an organization's balance."""
    balance = await read_balance(till.services, organization_id=organization_id)
    assert isinstance(balance, Balance)
    return balance.posted_micros


async def given_back(till: Till) -> int:
    """What the gateway has given back, in cents."""
    totals = await till.control.totals()
    return totals["EUR"].refunded_minor


def limited(till: Till, micros: int) -> None:
    """From now on this is what one person may refund alone."""
    till.services = replace(till.services, rules=FundingRules(refund_limit_micros=micros))


def code_of(outcome: Any) -> RefusalCode:
    """Why not."""
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def state_of(outcome: Any) -> str:
    """What became of a request: ``alone`` when it was one person's to make."""
    return outcome.state.value if isinstance(outcome, RefundRequest) else "alone"
