"""The words of the pages of payment methods: gateways by name, and why something was not done with a method.

Knows the facts of refusals. Refuses to know languages: the sentences are marked here and said where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.method_ports import ORDER_NUMBER_CHARACTERS_MAX
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked

GATEWAYS: Final[Mapping[str, str]] = {"simulator": marked("Simulated gateway"), "stripe": "Stripe"}
"""Gateways as people know them; any other goes by its own name."""

_NOT_ALLOWED: Final[Mapping[str, str]] = {
    "payer_must_be_present": marked(
        "Auto-recharge is on, and this payment method can't be charged while nobody is there. Choose a card, or switch "
        "auto-recharge off first."
    ),
    "backup_is_the_first": marked("The backup must be another payment method than the default."),
    "replaces_itself": marked("Choose another payment method to take its place."),
}

ORDER_NUMBER_ALLOWED: Final = marked(
    "Enter the number of the purchase order: letters, digits, spaces and . / _ - only, at most %(maximum)s characters."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodProblem:
    """Why nothing was done, and what helps: ``way_out`` is ``recharge``, ``payment``, or empty.

    ``top_up_id`` is the payment that has to be settled first.
    """

    sentence: str
    way_out: str = ""
    top_up_id: str = ""


def why(refused: Refused, speech: Speech) -> MethodProblem:
    """A refusal in words of this page."""
    if refused.code is RefusalCode.PAYMENT_METHOD_IN_USE:
        if refused.facts.get("used_by") == "top_up":
            sentence = marked("A payment with it is not settled yet. Wait until it is, or approve it.")
            return MethodProblem(
                sentence=speech.say(sentence), way_out="payment", top_up_id=str(refused.facts.get("top_up_id", ""))
            )
        sentence = marked(
            "Auto-recharge pays with it. Replace it by another payment method, or switch auto-recharge off first."
        )
        return MethodProblem(sentence=speech.say(sentence), way_out="recharge")
    reason = str(refused.facts.get("reason", ""))
    if refused.code is RefusalCode.PAYMENT_METHOD_NOT_ALLOWED and reason in _NOT_ALLOWED:
        way_out = "recharge" if reason == "payer_must_be_present" else ""
        return MethodProblem(sentence=speech.say(_NOT_ALLOWED[reason]), way_out=way_out)
    return MethodProblem(sentence=speech.refusal(refused, ""))


def order_number_allowed(speech: Speech) -> str:
    """What the number of an order may be."""
    return speech.say(ORDER_NUMBER_ALLOWED, maximum=speech.formats.count(ORDER_NUMBER_CHARACTERS_MAX))
