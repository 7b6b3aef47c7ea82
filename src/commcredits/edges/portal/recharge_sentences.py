"""Sentences about auto-recharge: what comes next and when, what became of an attempt, why, and what followed.

Knows every word of the outlook and of attempts; a test fails on a hole. Refuses to work out what comes next:
commcredits.core.recharge_outlook does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from commcredits.core.account import PauseReason, RechargeMode
from commcredits.core.recharge_outlook import NextKind
from commcredits.edges.portal.ports import PaymentMethodView
from commcredits.edges.portal.recharge_ports import AutoRechargeView, RechargeAttemptView
from commcredits.edges.portal.sentences import DECLINES, NO_REASON, Speech
from commcredits.edges.translations import marked
from commcredits.operations.recharge_attempts import AttemptFollowUp, AttemptOutcome

MODES: Final[Mapping[RechargeMode, tuple[str, str]]] = {
    RechargeMode.FIXED: (
        marked("A fixed amount"),
        marked("Each recharge adds the same amount."),
    ),
    RechargeMode.TO_TARGET: (
        marked("Up to a target"),
        marked("Each recharge adds what the balance lacks to the target. The smallest purchase does not apply."),
    ),
    RechargeMode.CLOSE_GAP: (
        marked("Close the gap in whole amounts"),
        marked("One payment of as many whole amounts as lift the balance back to the amount that triggers it."),
    ),
}
"""Each mode's name, and what it does."""

NEXT_STEPS: Final[Mapping[NextKind, str]] = {
    NextKind.NOTHING: marked("The balance is not recharged by itself."),
    NextKind.WATCH: marked("The balance is watched. Below %(trigger)s, %(amount)s is bought with %(method)s."),
    NextKind.CHARGE: marked("A recharge of %(amount)s with %(method)s starts now."),
    NextKind.ANSWER: marked("A recharge of %(amount)s is being paid with %(method)s."),
    NextKind.APPROVAL: marked(
        "The bank wants the payer to approve %(amount)s with %(method)s until %(at)s. Then the attempt is given up."
    ),
    NextKind.COOL_DOWN: marked(
        "The last recharge was a moment ago. The next, %(amount)s with %(method)s, is possible at %(at)s."
    ),
    NextKind.RETRY: marked(
        "The last payment was declined. The next attempt, %(amount)s with %(method)s, follows at %(at)s."
    ),
    NextKind.SAVE: marked("Stopped after several declined payments. Saving the settings starts it again."),
    NextKind.LOOK: marked("Paused. Look whether all is in order; saving the settings starts it again."),
    NextKind.NEXT_MONTH: marked(
        "The monthly cap leaves no room for %(amount)s until %(at)s. Raise it, or add funds by hand."
    ),
}
"""What comes next."""

WATCH_MISSING: Final[Mapping[RechargeMode, str]] = {
    RechargeMode.FIXED: NEXT_STEPS[NextKind.WATCH],
    RechargeMode.TO_TARGET: marked(
        "The balance is watched. Below %(trigger)s, what it lacks to %(target)s is bought with %(method)s."
    ),
    RechargeMode.CLOSE_GAP: marked(
        "The balance is watched. Below %(trigger)s, as many times %(step)s as it takes are bought with %(method)s."
    ),
}
"""The same while the balance is watched, by mode: what is bought depends on how far it falls."""

FALLS_BY_EXPIRY: Final = marked("Funds that expire make it fall below that on %(at)s, even if nobody calls.")

PAUSES: Final[Mapping[PauseReason, str]] = {
    PauseReason.DISPUTE: marked("The payer's bank asked for a payment back."),
    PauseReason.REFUND: marked("Unused funds were refunded."),
    PauseReason.ADJUSTMENT: marked("The operator adjusted the balance."),
}
"""Why a rule was paused."""

OUTCOMES: Final[Mapping[AttemptOutcome, str]] = {
    AttemptOutcome.WAITING: marked("About to be paid"),
    AttemptOutcome.AT_GATEWAY: marked("Being processed"),
    AttemptOutcome.APPROVAL_NEEDED: marked("Waiting for approval"),
    AttemptOutcome.UNKNOWN: marked("Being checked"),
    AttemptOutcome.PAID: marked("Paid"),
    AttemptOutcome.DECLINED: marked("Declined"),
    AttemptOutcome.NOT_APPROVED: marked("Not approved"),
    AttemptOutcome.TOO_MANY_ATTEMPTS: marked("Not tried"),
    AttemptOutcome.RULE_CHANGED: marked("Cancelled"),
    AttemptOutcome.SWITCHED_OFF: marked("Cancelled"),
    AttemptOutcome.NOT_ALLOWED: marked("Cancelled"),
    AttemptOutcome.NOT_NEEDED: marked("Cancelled"),
    AttemptOutcome.NOT_TAKEN: marked("Not made"),
    AttemptOutcome.DISPUTED: marked("Disputed"),
    AttemptOutcome.REVERSED: marked("Taken back by the bank"),
}
"""What became of an attempt, in a word or two."""

BADGES: Final[Mapping[AttemptOutcome, str]] = {
    AttemptOutcome.WAITING: "busy",
    AttemptOutcome.AT_GATEWAY: "busy",
    AttemptOutcome.APPROVAL_NEEDED: "warn",
    AttemptOutcome.UNKNOWN: "busy",
    AttemptOutcome.PAID: "good",
    AttemptOutcome.DECLINED: "bad",
    AttemptOutcome.NOT_APPROVED: "bad",
    AttemptOutcome.TOO_MANY_ATTEMPTS: "bad",
    AttemptOutcome.RULE_CHANGED: "off",
    AttemptOutcome.SWITCHED_OFF: "off",
    AttemptOutcome.NOT_ALLOWED: "off",
    AttemptOutcome.NOT_NEEDED: "off",
    AttemptOutcome.NOT_TAKEN: "off",
    AttemptOutcome.DISPUTED: "warn",
    AttemptOutcome.REVERSED: "bad",
}
"""How that word looks."""

REASONS: Final[Mapping[AttemptOutcome, str]] = {
    AttemptOutcome.UNKNOWN: marked("The answer was lost. It is looked up, and never sent a second time."),
    AttemptOutcome.NOT_APPROVED: marked("Nobody approved the payment in time."),
    AttemptOutcome.TOO_MANY_ATTEMPTS: marked("Too many attempts with this payment method. It has to rest."),
    AttemptOutcome.RULE_CHANGED: marked("The auto-recharge settings were changed before it was paid."),
    AttemptOutcome.SWITCHED_OFF: marked("Auto-recharge was switched off before it was paid."),
    AttemptOutcome.NOT_ALLOWED: marked("Funds could no longer be added for this organization."),
    AttemptOutcome.NOT_NEEDED: marked("Other funds came before it was paid."),
    AttemptOutcome.NOT_TAKEN: marked("The payment never reached the payment provider. Nobody was charged."),
    AttemptOutcome.DISPUTED: marked("The payer's bank disputes the payment, and its unused funds are frozen."),
    AttemptOutcome.REVERSED: marked("The payer's bank has taken the payment back, and its funds are gone."),
}
"""Why, where the outcome alone says it. A decline has the gateway's reason instead."""

FOLLOW_UPS: Final[Mapping[AttemptFollowUp, str]] = {
    AttemptFollowUp.NONE: "",
    AttemptFollowUp.BACKUP: marked("The backup method was tried next, at once."),
    AttemptFollowUp.RETRY: marked("The next attempt was set for %(at)s."),
    AttemptFollowUp.SUSPENDED: marked("Auto-recharge stopped until somebody saves the settings."),
    AttemptFollowUp.RULE_CHANGED: marked("The settings had changed meanwhile, so nothing followed."),
}
"""What followed from an attempt that bought nothing."""


def outlook(
    speech: Speech, rule: AutoRechargeView, methods: Sequence[PaymentMethodView], currency: str
) -> tuple[str, ...]:
    """What comes next and when, in sentences; first why it waits, where that is known."""
    step = rule.next_step
    formats = speech.formats
    facts = {
        "trigger": formats.money(rule.trigger_amount_micros, currency),
        "target": formats.money(rule.target_amount_micros, currency),
        "step": formats.money(rule.recharge_amount_micros, currency),
        "amount": formats.money(step.amount_micros or rule.recharge_amount_micros, currency),
        "method": _method(speech, methods, step.payment_method_id or rule.payment_method),
        "at": _moment(speech, step.at),
    }
    sentence = NEXT_STEPS[step.kind]
    if step.kind is NextKind.WATCH:
        sentence = WATCH_MISSING[rule.mode]
    said = [speech.say(sentence, **facts)]
    if step.kind is NextKind.WATCH and step.at is not None:
        said.append(speech.say(FALLS_BY_EXPIRY, **facts))
    if step.kind is NextKind.LOOK and rule.paused is not None:
        said.insert(0, speech.say(PAUSES[rule.paused]))
    return tuple(said)


def attempt_story(speech: Speech, attempt: RechargeAttemptView) -> tuple[str, ...]:
    """Why an attempt ended as it did, and what followed; nothing of one that was simply paid."""
    said = []
    if attempt.outcome is AttemptOutcome.DECLINED:
        said.append(speech.say(DECLINES.get(attempt.reason, NO_REASON)))
    elif attempt.outcome in REASONS:
        said.append(speech.say(REASONS[attempt.outcome]))
    if attempt.follow_up is not AttemptFollowUp.NONE:
        said.append(speech.say(FOLLOW_UPS[attempt.follow_up], at=_moment(speech, attempt.retry_at)))
    return tuple(said)


def _moment(speech: Speech, at: datetime | None) -> str:
    return "" if at is None else speech.formats.minute(at)


def _method(speech: Speech, methods: Sequence[PaymentMethodView], payment_method: str) -> str:
    """The method as people know it; one that is no longer on file has no name."""
    for each in methods:
        if each.payment_method == payment_method:
            return f"{each.brand} ••••\u00a0{each.last4}" if each.last4 else each.brand
    return speech.say(marked("a payment method that is no longer on file"))
