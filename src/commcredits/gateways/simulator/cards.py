"""The test cards: each is chosen by its name and carries the faults that strike whoever pays with it.

There are no card numbers here and none is ever accepted: a card is named by a word, so that nobody is tempted to
type the number of a real card into a simulation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from commcredits.gateways.simulator.faults import (
    Authenticate,
    Decline,
    DeclineCode,
    Delay,
    DelayWebhook,
    DropWebhook,
    Fault,
    LoseAnswer,
    Process,
    RefuseRefund,
    RepeatWebhook,
)

BRAND: Final = "Simcard"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCard:
    """One way to pay: what it shows of itself, what it does, and how long it stays valid once it is stored."""

    name: str
    last4: str
    does: str
    faults: tuple[Fault, ...] = ()
    valid_months: int = 36


def _cards(*cards: SimulatedCard) -> Mapping[str, SimulatedCard]:
    return MappingProxyType({card.name: card for card in cards})


TEST_CARDS: Final = _cards(
    SimulatedCard(name="sim_ok", last4="0001", does="succeeds"),
    SimulatedCard(
        name="sim_ok_second", last4="0002", does="succeeds; a second card for replacing or backing up the first"
    ),
    SimulatedCard(name="sim_expiring", last4="0003", does="succeeds; expires at the end of this month", valid_months=0),
    SimulatedCard(
        name="sim_decline_insufficient_funds",
        last4="1001",
        does="declined, retryable",
        faults=(Decline(code=DeclineCode.INSUFFICIENT_FUNDS),),
    ),
    SimulatedCard(
        name="sim_decline_expired_card",
        last4="1002",
        does="declined, not retryable",
        faults=(Decline(code=DeclineCode.EXPIRED_CARD),),
    ),
    SimulatedCard(
        name="sim_decline_stolen_card",
        last4="1003",
        does="declined, not retryable",
        faults=(Decline(code=DeclineCode.STOLEN_CARD),),
    ),
    SimulatedCard(
        name="sim_decline_do_not_honour",
        last4="1004",
        does="declined, retryable, no reason given",
        faults=(Decline(code=DeclineCode.DO_NOT_HONOUR),),
    ),
    SimulatedCard(
        name="sim_authenticate",
        last4="2001",
        does="asks the holder to approve on the hosted page, always",
        faults=(Authenticate(),),
    ),
    SimulatedCard(
        name="sim_authenticate_off_session",
        last4="2002",
        does="asks the holder to approve only when charged off session",
        faults=(Authenticate(off_session_only=True),),
    ),
    SimulatedCard(
        name="sim_processing",
        last4="3001",
        does="processing for 2 s, then succeeds",
        faults=(Process(),),
    ),
    SimulatedCard(
        name="sim_processing_then_declined",
        last4="3002",
        does="processing for 2 s, then declined",
        faults=(Process(decline_code=DeclineCode.PROCESSING_ERROR),),
    ),
    SimulatedCard(name="sim_delay", last4="4001", does="charged at once, answered after 3 s", faults=(Delay(),)),
    SimulatedCard(
        name="sim_delay_before_charge",
        last4="4002",
        does="charged and answered after 3 s, also when the caller has given up",
        faults=(Delay(before_acting=True),),
    ),
    SimulatedCard(
        name="sim_timeout_after_charge",
        last4="4003",
        does="charged, and the connection is dropped without an answer",
        faults=(LoseAnswer(),),
    ),
    SimulatedCard(
        name="sim_timeout_before_charge",
        last4="4004",
        does="never charged: the connection is dropped",
        faults=(LoseAnswer(before_acting=True),),
    ),
    SimulatedCard(name="sim_webhook_twice", last4="5001", does="every webhook comes twice", faults=(RepeatWebhook(),)),
    SimulatedCard(
        name="sim_webhook_out_of_order",
        last4="5002",
        does="processing for 1 s, then succeeds; the first webhook is overtaken by the second",
        faults=(Process(milliseconds=1_000), DelayWebhook()),
    ),
    SimulatedCard(name="sim_webhook_lost", last4="5003", does="no webhook comes", faults=(DropWebhook(),)),
    SimulatedCard(
        name="sim_refund_refused", last4="6001", does="succeeds; refunds are refused", faults=(RefuseRefund(),)
    ),
)
