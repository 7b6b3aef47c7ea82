"""The forms of auto-recharge and of balance alerts, read strictly.

Knows which fields each mode needs. Refuses to know what the operations make of the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from commcredits.core.account import RechargeMode
from commcredits.core.alerting import ALERTS_MAX
from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.recharge_rules import EXPIRY_AHEAD_DAYS_MAX
from commcredits.edges.portal import forms
from commcredits.edges.portal.formatting import AmountProblem
from commcredits.edges.portal.forms import (
    MONTHLY_CAP,
    PAYMENT_METHOD,
    RECHARGE_AMOUNT,
    TARGET_AMOUNT,
    TRIGGER_AMOUNT,
    FormView,
    Reader,
)
from commcredits.edges.portal.ports import CreditsOverview
from commcredits.edges.portal.recharge_ports import AutoRechargeChange, AutoRechargeView, BalanceAlertsView
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked

ENABLED: Final = "enabled"
MODE: Final = "mode"
BACKUP_METHOD: Final = "backup_payment_method"
EXPIRY_AHEAD: Final = "expiry_ahead_days"
ALERT: Final = "alert_"
"""What the names of the fields of alerts begin with; a number from 1 on follows."""

RECHARGE_FIELDS: Final = (
    ENABLED,
    MODE,
    RECHARGE_AMOUNT,
    TARGET_AMOUNT,
    TRIGGER_AMOUNT,
    MONTHLY_CAP,
    PAYMENT_METHOD,
    BACKUP_METHOD,
    EXPIRY_AHEAD,
)

_ADVISED_DIGITS_MAX: Final = 15
_ALERTS_SHOWN_MIN: Final = 3
_DAYS_DIGITS_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRechargeOrder:
    """Settings to save, as read from the form."""

    change: AutoRechargeChange
    command_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsOrder:
    """Balances to be told of, as read from the form."""

    amounts_micros: tuple[int, ...]
    command_id: str


def saved_auto_recharge(overview: CreditsOverview, speech: Speech) -> FormView:
    """The settings as they are in force; empty fields, switched off, before any were saved."""
    rule = overview.auto_recharge
    values = dict.fromkeys(RECHARGE_FIELDS, "")
    if rule is None:
        methods = overview.payment_methods
        values |= {MODE: RechargeMode.FIXED, PAYMENT_METHOD: methods[0].payment_method if methods else ""}
        return FormView(values=values, command_id=forms.new_command_id())
    values |= {
        ENABLED: "on" if rule.enabled else "",
        MODE: rule.mode,
        PAYMENT_METHOD: rule.payment_method,
        BACKUP_METHOD: rule.backup_payment_method,
        EXPIRY_AHEAD: str(rule.expiry_ahead_days) if rule.expiry_ahead_days else "",
    }
    for name, micros in _amounts(rule).items():
        values[name] = speech.formats.typed_amount(micros, overview.organization.currency) if micros else ""
    return FormView(values=values, command_id=forms.new_command_id())


def advised_auto_recharge(query: Mapping[str, str], overview: CreditsOverview, speech: Speech) -> FormView | None:
    """The settings with the amounts that advice leads here with, switched on and not saved; None without any."""
    amounts = {RECHARGE_AMOUNT: "recharge", TRIGGER_AMOUNT: "trigger", MONTHLY_CAP: "cap"}
    texts = {name: query.get(parameter, "") for name, parameter in amounts.items()}
    if not all(text.isascii() and text.isdigit() and len(text) <= _ADVISED_DIGITS_MAX for text in texts.values()):
        return None
    saved = saved_auto_recharge(overview, speech)
    currency = overview.organization.currency
    written = {name: speech.formats.typed_amount(int(text), currency) for name, text in texts.items()}
    return replace(saved, values={**saved.values, **written, ENABLED: "on", MODE: RechargeMode.FIXED})


def read_auto_recharge(
    fields: Mapping[str, str], overview: CreditsOverview, speech: Speech
) -> AutoRechargeOrder | FormView:
    """The settings that the form asks for, or the form with what is wrong in it.

    An amount that the mode does not use is never wrong: one that cannot be taken stays as it was saved. So does every
    field when the form switches off.
    """
    reader = Reader(fields, overview, speech)
    enabled = fields.get(ENABLED) == "on"
    kept = overview.auto_recharge
    mode = _mode(reader, speech)
    limits = overview.limits
    needs_target = mode is RechargeMode.TO_TARGET
    used, unused = (TARGET_AMOUNT, RECHARGE_AMOUNT) if needs_target else (RECHARGE_AMOUNT, TARGET_AMOUNT)
    least = 1 if needs_target else limits.minimum_micros
    amount = reader.amount(used, minimum_micros=least, maximum_micros=limits.maximum_micros)
    trigger = reader.amount(TRIGGER_AMOUNT, minimum_micros=1, maximum_micros=limits.maximum_micros)
    cap = None
    if reader.text(MONTHLY_CAP):
        cap = reader.amount(MONTHLY_CAP, minimum_micros=1 if needs_target else amount or 1, maximum_micros=None)
    method = reader.payment_method()
    backup = _backup(reader, method, speech)
    days = _days(reader, speech)
    command_id = reader.command_id()
    if enabled and (reader.errors or amount is None or trigger is None):
        return FormView(values=reader.values(*RECHARGE_FIELDS), errors=reader.errors, command_id=command_id)
    amounts = {used: amount, unused: _typed(reader, unused, overview, speech), TRIGGER_AMOUNT: trigger}
    saved = {} if kept is None else _amounts(kept)
    settled = {name: _first(micros, saved.get(name)) for name, micros in amounts.items()}
    # Switching off keeps what could not be read.
    fallback = kept if kept is not None and not enabled else None
    change = AutoRechargeChange(
        enabled=enabled,
        mode=mode,
        recharge_amount_micros=settled[RECHARGE_AMOUNT],
        target_amount_micros=settled[TARGET_AMOUNT],
        trigger_amount_micros=settled[TRIGGER_AMOUNT],
        monthly_cap_micros=fallback.monthly_cap_micros if cap is None and fallback else cap,
        payment_method=method or (fallback.payment_method if fallback else ""),
        backup_payment_method=fallback.backup_payment_method if BACKUP_METHOD in reader.errors and fallback else backup,
        expiry_ahead_days=fallback.expiry_ahead_days if EXPIRY_AHEAD in reader.errors and fallback else days,
    )
    return AutoRechargeOrder(change=change, command_id=command_id)


def refused_auto_recharge(refusal: Refused, fields: Mapping[str, str], speech: Speech, currency: str) -> FormView:
    """The settings after the operations refused them; a refused backup is told apart from a refused first method."""
    form = forms.refused(refusal, fields, RECHARGE_FIELDS, speech, currency)
    blamed = str(refusal.facts.get("payment_method_id", ""))
    is_backup = blamed == fields.get(BACKUP_METHOD) and blamed != fields.get(PAYMENT_METHOD)
    if refusal.code in {RefusalCode.PAYMENT_METHOD_NOT_ALLOWED, RefusalCode.UNKNOWN_PAYMENT_METHOD} and is_backup:
        return replace(form, errors={BACKUP_METHOD: form.errors[PAYMENT_METHOD]})
    return form


def saved_alerts(alerts: BalanceAlertsView, speech: Speech, currency: str) -> FormView:
    """The amounts in force, and room for more."""
    shown = min(ALERTS_MAX, max(_ALERTS_SHOWN_MIN, len(alerts.amounts_micros) + 1))
    written = [speech.formats.typed_amount(micros, currency) for micros in alerts.amounts_micros]
    values = {f"{ALERT}{row + 1}": written[row] if row < len(written) else "" for row in range(shown)}
    return FormView(values=values, command_id=forms.new_command_id())


def read_alerts(fields: Mapping[str, str], overview: CreditsOverview, speech: Speech) -> AlertsOrder | FormView:
    """The amounts that the form asks for, or the form with what is wrong in it; empty fields say nothing."""
    reader = Reader(fields, overview, speech)
    names = alert_names(fields)
    amounts = [
        reader.amount(name, minimum_micros=1, maximum_micros=AMOUNT_MICROS_MAX) for name in names if reader.text(name)
    ]
    if reader.errors:
        return FormView(values=reader.values(*names), errors=reader.errors, command_id=reader.command_id())
    return AlertsOrder(
        amounts_micros=tuple(amount for amount in amounts if amount is not None), command_id=reader.command_id()
    )


def alert_names(fields: Mapping[str, str]) -> tuple[str, ...]:
    """The fields of alerts in a form, in order; no more than there may be."""
    return tuple(name for row in range(ALERTS_MAX) if (name := f"{ALERT}{row + 1}") in fields)


def _mode(reader: Reader, speech: Speech) -> RechargeMode:
    chosen = reader.text(MODE) or RechargeMode.FIXED
    if chosen in set(RechargeMode):
        return RechargeMode(chosen)
    reader.errors[MODE] = speech.say(marked("Choose one of the three ways."))
    return RechargeMode.FIXED


def _backup(reader: Reader, method: str, speech: Speech) -> str:
    if not reader.text(BACKUP_METHOD):
        return ""
    backup = reader.payment_method(BACKUP_METHOD)
    if backup and backup == method:
        reader.errors[BACKUP_METHOD] = speech.say(marked("Choose another method than the one it stands in for."))
    return backup


def _days(reader: Reader, speech: Speech) -> int:
    text = reader.text(EXPIRY_AHEAD)
    if not text:
        return 0
    if text.isascii() and text.isdigit() and len(text) <= _DAYS_DIGITS_MAX and int(text) <= EXPIRY_AHEAD_DAYS_MAX:
        return int(text)
    reader.errors[EXPIRY_AHEAD] = speech.say(
        marked("Enter a whole number of days from 0 to %(most)s."), most=speech.formats.count(EXPIRY_AHEAD_DAYS_MAX)
    )
    return 0


def _typed(reader: Reader, name: str, overview: CreditsOverview, speech: Speech) -> int | None:
    """The amount in a field that the mode does not use; None where it cannot be taken."""
    read = speech.formats.parse_amount(reader.text(name), overview.organization.currency)
    return None if isinstance(read, AmountProblem) else min(read, overview.limits.maximum_micros)


def _amounts(rule: AutoRechargeView) -> dict[str, int]:
    return {
        RECHARGE_AMOUNT: rule.recharge_amount_micros,
        TARGET_AMOUNT: rule.target_amount_micros,
        TRIGGER_AMOUNT: rule.trigger_amount_micros,
        MONTHLY_CAP: rule.monthly_cap_micros,
    }


def _first(*amounts: int | None) -> int:
    return next((amount for amount in amounts if amount is not None), 0)
