"""Money that moves by hand asks a person for a fresh proof of who they are, and programs and the terminal for none."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from commcredits.core.access import PROOF_VALID, Actor, ActorKind, Role, permissions_of
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.adjustments import approve_adjustment, request_adjustment
from commcredits.operations.funding import grant_promotion
from commcredits.operations.refund_asking import request_call_refund, request_refund
from commcredits.operations.refund_requests import approve_refund_request
from commcredits.operations.services import Services
from commcredits.operations.vouchers import VoucherTerms, issue_vouchers
from tests.operations.office import NOON, Office, new_id

UNKNOWN: Final = "019353b4-7c1e-7000-8000-000000000000"
LATER: Final = NOON + timedelta(days=90)
VOUCHERS: Final = VoucherTerms(
    quantity=1, amount_micros=1_000_000, currency="EUR", redeem_until=LATER, lot_days=30, note=""
)

Act = Callable[[Services, str], Coroutine[Any, Any, object]]

ACTS: Final[dict[str, Act]] = {
    "ask for an adjustment": lambda services, place: request_adjustment(
        services,
        organization_id=place,
        command_id=new_id(),
        amount_micros=1,
        reason="goodwill",
        requested_by="ana",
    ),
    "approve an adjustment": lambda services, place: approve_adjustment(
        services, organization_id=place, adjustment_id=UNKNOWN, approved_by="ana"
    ),
    "ask for a refund": lambda services, place: request_refund(
        services,
        organization_id=place,
        command_id=new_id(),
        top_up_id=UNKNOWN,
        amount_micros=None,
        reason="left us",
        requested_by="ana",
    ),
    "ask for a refund of a call": lambda services, place: request_call_refund(
        services,
        organization_id=place,
        command_id=new_id(),
        session_id="never",
        used_seconds=0,
        reason="",
        requested_by="ana",
    ),
    "approve a refund": lambda services, place: approve_refund_request(
        services, organization_id=place, refund_request_id=UNKNOWN, approved_by="ana"
    ),
    "grant a promotion": lambda services, place: grant_promotion(
        services,
        organization_id=place,
        command_id=new_id(),
        amount_micros=1_000_000,
        expires_at=LATER,
        reason="welcome",
    ),
    "issue vouchers": lambda services, _place: issue_vouchers(
        services, command_id=new_id(), terms=VOUCHERS, issued_by="ana"
    ),
}


def _operator(kind: ActorKind) -> Actor:
    permissions = permissions_of((Role.OPERATOR_OWNER,))
    return Actor(kind=kind, actor_id="staff:7", name="ana", permissions=permissions, roles=(Role.OPERATOR_OWNER,))


def _asks_for_proof(outcome: object) -> bool:
    return isinstance(outcome, Refused) and outcome.code is RefusalCode.PROOF_REQUIRED


async def test_whoever_moves_money_by_hand_has_proved_lately_who_they_are(office: Office) -> None:
    organization = (await office.organization()).organization_id
    person, just_in_time = _operator(ActorKind.PERSON), office.clock.now - PROOF_VALID
    askers = {
        "never proved": (person, True),
        "proved too long ago": (replace(person, proved_at=just_in_time - timedelta(microseconds=1)), True),
        "proved just in time": (replace(person, proved_at=just_in_time), False),
        "a program": (_operator(ActorKind.KEY), False),
        "the terminal": (_operator(ActorKind.TERMINAL), False),
    }
    for said, act in ACTS.items():
        for who, (actor, asked) in askers.items():
            outcome = await act(office.services.acting_as(actor), organization)
            assert _asks_for_proof(outcome) is asked, (said, who, outcome)
