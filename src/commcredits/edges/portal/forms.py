"""What a person typed, read strictly: each field becomes a value, or a sentence that says what is allowed.

Knows what forms share, and the one that adds funds. Refuses to know what the operations then make of the values;
their refusals come back here only to be set beside the field that they speak of.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from commcredits.edges.portal.formatting import AmountProblem, currency_digits
from commcredits.edges.portal.ports import CreditsOverview, TopUpView
from commcredits.edges.portal.sentences import Speech, decline_sentence
from commcredits.edges.translations import marked

FORM_BYTES_MAX: Final = 16_384
"""Largest form that is read."""

FIELDS_MAX: Final = 32
"""Most fields that a form may have."""

AMOUNT: Final = "amount"
PAYMENT_METHOD: Final = "payment_method"
COMMAND_ID: Final = "command_id"
RECHARGE_AMOUNT: Final = "recharge_amount"
TRIGGER_AMOUNT: Final = "trigger_amount"
TARGET_AMOUNT: Final = "target_amount"
MONTHLY_CAP: Final = "monthly_cap"

FieldsReader = Callable[[Request], Awaitable[Mapping[str, str] | None]]
"""Reads the fields of a posted form; None for what is none."""

_EXAMPLE_MICROS: Final = 1_234_500_000

_FIELD_OF_REFUSAL: Final[Mapping[RefusalCode, tuple[str, ...]]] = {
    RefusalCode.AMOUNT_BELOW_MINIMUM: (AMOUNT, RECHARGE_AMOUNT),
    RefusalCode.AMOUNT_ABOVE_MAXIMUM: (AMOUNT, RECHARGE_AMOUNT),
    RefusalCode.AMOUNT_NOT_PAYABLE: (AMOUNT, RECHARGE_AMOUNT),
    RefusalCode.TRIGGER_NOT_ALLOWED: (TRIGGER_AMOUNT,),
    RefusalCode.TARGET_NOT_ALLOWED: (TARGET_AMOUNT,),
    RefusalCode.CAP_BELOW_AMOUNT: (MONTHLY_CAP,),
    RefusalCode.UNKNOWN_PAYMENT_METHOD: (PAYMENT_METHOD,),
    RefusalCode.PAYMENT_METHOD_NOT_ALLOWED: (PAYMENT_METHOD,),
}

_SAFE_TO_REPEAT: Final = frozenset({RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR})
"""Refusals after which the same command id is sent again: whatever happened, it happens once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """A form as it is shown: what stands in its fields, what is wrong with them, and what is wrong as a whole.

    ``errors`` are sentences by field. ``command_id`` makes a second sending of the same form do nothing more.
    """

    values: Mapping[str, str]
    command_id: str
    errors: Mapping[str, str] = field(default_factory=dict)
    problem_title: str = ""
    problem: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the form came back."""
        return bool(self.errors or self.problem_title or self.problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsOrder:
    """Funds to add, as read from the form; the amount in millionths."""

    amount_micros: int
    payment_method: str
    command_id: str


async def read_fields(
    request: Request, *, bytes_max: int = FORM_BYTES_MAX, fields_max: int = FIELDS_MAX
) -> dict[str, str] | None:
    """The fields of a posted form; None when it is too large, not a form, or not readable as UTF-8."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            return None
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=fields_max)
    except ValueError:
        return None
    return dict(pairs)


def new_command_id() -> str:
    """A fresh one-time key for a form."""
    return str(uuid.uuid4())


def blank_funds(overview: CreditsOverview) -> FormView:
    """The form that adds funds, as it is first shown: no amount, the first payment method."""
    methods = overview.payment_methods
    return FormView(
        values={AMOUNT: "", PAYMENT_METHOD: methods[0].payment_method if methods else ""}, command_id=new_command_id()
    )


def read_funds(fields: Mapping[str, str], overview: CreditsOverview, speech: Speech) -> FundsOrder | FormView:
    """The order that the form places, or the form with what is wrong in it."""
    reader = Reader(fields, overview, speech)
    limits = overview.limits
    amount = reader.amount(AMOUNT, minimum_micros=limits.minimum_micros, maximum_micros=limits.maximum_micros)
    method = reader.payment_method()
    command_id = reader.command_id()
    if amount is None or reader.errors:
        return FormView(values=reader.values(AMOUNT, PAYMENT_METHOD), errors=reader.errors, command_id=command_id)
    return FundsOrder(amount_micros=amount, payment_method=method, command_id=command_id)


def refused(
    refusal: Refused, fields: Mapping[str, str], names: tuple[str, ...], speech: Speech, currency: str
) -> FormView:
    """The form after the operations refused it; the sentence stands beside the field that it speaks of, if any."""
    values = {name: fields.get(name, "") for name in names}
    repeated = refusal.code in _SAFE_TO_REPEAT
    command_id = _command_id(fields) if repeated else new_command_id()
    sentence = speech.refusal(refusal, currency)
    for name in _FIELD_OF_REFUSAL.get(refusal.code, ()):
        if name in names:
            return FormView(values=values, errors={name: sentence}, command_id=command_id)
    return FormView(values=values, problem=sentence, command_id=command_id)


def declined(top_up: TopUpView, fields: Mapping[str, str], speech: Speech) -> FormView:
    """The form after a payment that was not made, with a fresh key: sending it again is a new attempt."""
    title = marked("Your payment was declined")
    if top_up.state is TopUpState.CANCELLED:
        title = marked("The payment was not made")
    reason = speech.say(decline_sentence(top_up.reason))
    after = speech.say(marked("No money was taken. Try again, or choose another payment method."))
    return FormView(
        values={name: fields.get(name, "") for name in (AMOUNT, PAYMENT_METHOD)},
        problem_title=speech.say(title),
        problem=f"{reason} {after}",
        command_id=new_command_id(),
    )


class Reader:
    """Reads fields one by one and collects what is wrong with them, as sentences by field in ``errors``."""

    def __init__(self, fields: Mapping[str, str], overview: CreditsOverview, speech: Speech) -> None:
        self._fields = fields
        self._overview = overview
        self._speech = speech
        self.errors: dict[str, str] = {}

    def values(self, *names: str) -> dict[str, str]:
        """What stood in these fields."""
        return {name: self._fields.get(name, "") for name in names}

    def command_id(self) -> str:
        """The form's one-time key; a fresh one when it carries none."""
        return _command_id(self._fields)

    def text(self, name: str) -> str:
        """What stands in a field, without the spaces around it."""
        return self._fields.get(name, "").strip()

    def payment_method(self, name: str = PAYMENT_METHOD) -> str:
        """The chosen method, if it is one of those on file; empty after an error."""
        chosen = self._fields.get(name, "")
        if chosen in {method.payment_method for method in self._overview.payment_methods}:
            return chosen
        self.errors[name] = self._speech.say(marked("Choose one of the payment methods on file."))
        return ""

    def amount(self, name: str, *, minimum_micros: int, maximum_micros: int | None) -> int | None:
        """The millionths in a field; None after an error."""
        currency = self._overview.organization.currency
        formats = self._speech.formats
        read = formats.parse_amount(self._fields.get(name, ""), currency)
        if isinstance(read, AmountProblem):
            self.errors[name] = self._problem(read)
        elif read < minimum_micros and minimum_micros == 1:
            self.errors[name] = self._speech.say(marked("The amount must be above zero."))
        elif read < minimum_micros:
            self.errors[name] = self._speech.say(
                marked("The amount must be at least %(minimum)s."), minimum=formats.money(minimum_micros, currency)
            )
        elif maximum_micros is not None and read > maximum_micros:
            self.errors[name] = self._speech.say(
                marked("The amount may be at most %(maximum)s."), maximum=formats.money(maximum_micros, currency)
            )
        return None if name in self.errors or isinstance(read, AmountProblem) else read

    def _problem(self, problem: AmountProblem) -> str:
        """What is allowed instead, with an example in the language's own form."""
        currency = self._overview.organization.currency
        formats = self._speech.formats
        if problem is AmountProblem.MISSING:
            return self._speech.say(marked("Enter an amount."))
        if problem is AmountProblem.TOO_LARGE:
            return self._speech.say(
                marked("The amount may be at most %(maximum)s."),
                maximum=formats.money(self._overview.limits.maximum_micros, currency),
            )
        digits = currency_digits(currency)
        if problem is AmountProblem.TOO_MANY_DECIMALS and digits == 0:
            return self._speech.say(marked("Enter a whole amount: the currency has no decimals."))
        if problem is AmountProblem.TOO_MANY_DECIMALS:
            sentence = self._speech.translations.ngettext(
                "Enter at most %(digits)s decimal, as in %(example)s.",
                "Enter at most %(digits)s decimals, as in %(example)s.",
                digits,
            )
            return sentence % {"digits": formats.count(digits), "example": self._example(currency)}
        return self._speech.say(
            marked("Enter an amount in digits only, such as %(example)s."), example=self._example(currency)
        )

    def _example(self, currency: str) -> str:
        example = _EXAMPLE_MICROS if currency_digits(currency) else _EXAMPLE_MICROS - _EXAMPLE_MICROS % 1_000_000
        return self._speech.formats.amount(example, currency)


def _command_id(fields: Mapping[str, str]) -> str:
    """The key as posted when it is one of ours by form, else a fresh one."""
    try:
        return str(uuid.UUID(fields.get(COMMAND_ID, "")))
    except ValueError:
        return new_command_id()
