"""Fields of policies and limits, read strictly and written as a person reads them.

Knows amounts that may be left empty, counts that may be left empty, and words of a closed list. Refuses to know which
fields a form has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from commcredits.edges.portal.formatting import AmountProblem
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked

W = TypeVar("W", bound=StrEnum)

COUNT_CHARACTERS_MAX: Final = 9

NO_LIMIT: Final = marked("No limit")

_EXAMPLE_MICROS: Final = 1_234_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that is to change, in words."""

    label: str
    before: str
    after: str


class FieldReader:
    """Reads fields one by one; ``errors`` are sentences by field. A field that is not posted reads as empty."""

    def __init__(self, fields: Mapping[str, str], speech: Speech, currency: str) -> None:
        self._fields = fields
        self._speech = speech
        self._currency = currency
        self.errors: dict[str, str] = {}

    def word(self, name: str, words: type[W], standing: W) -> W:
        """A word of a list; what it is already after an error."""
        given = self._fields.get(name, "")
        if given in tuple(words):
            return words(given)
        self.errors[name] = self._speech.say(marked("Choose one of these."))
        return standing

    def amount(self, name: str, standing_micros: int | None) -> int | None:
        """Millionths, None for no limit. Text as it stood is what it stood for, however many decimals that has."""
        text = self._fields.get(name, "").strip()
        if not text:
            return None
        if text == amount_text(standing_micros, self._speech, self._currency):
            return standing_micros
        read = self._speech.formats.parse_amount(text, self._currency)
        if not isinstance(read, AmountProblem):
            return read
        example = self._speech.formats.amount(_EXAMPLE_MICROS, self._currency)
        sentence = marked("Enter an amount such as %(example)s, or nothing for no limit.")
        self.errors[name] = self._speech.say(sentence, example=example)
        return standing_micros

    def count(self, name: str, standing: int | None, largest: int) -> int | None:
        """A whole number, None for no limit."""
        text = self._fields.get(name, "").strip()
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) <= COUNT_CHARACTERS_MAX and int(text) <= largest:
            return int(text)
        sentence = marked("Enter a whole number of at most %(largest)s, or nothing for no limit.")
        self.errors[name] = self._speech.say(sentence, largest=self._speech.formats.count(largest))
        return standing


def amount_text(amount_micros: int | None, speech: Speech, currency: str) -> str:
    """What stands in the field of an amount; nothing for no limit."""
    return "" if amount_micros is None else speech.formats.amount(amount_micros, currency)


def amount_words(amount_micros: int | None, speech: Speech, currency: str) -> str:
    """An amount with its currency, or that there is no limit."""
    return speech.say(NO_LIMIT) if amount_micros is None else speech.formats.money(amount_micros, currency)


def count_words(count: int | None, speech: Speech) -> str:
    """A count, or that there is no limit."""
    return speech.say(NO_LIMIT) if count is None else speech.formats.count(count)
