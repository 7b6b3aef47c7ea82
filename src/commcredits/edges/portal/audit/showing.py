"""An act of the audit log as a page shows it: words for names, amounts with their currency, lists on one line.

Knows the forms of values. Refuses to hide one: a name without words is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from commcredits.core.audit import AuditOutcome
from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.audit.words import ACTS, FIELDS, INTERFACES, OUTCOMES
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked
from commcredits.operations.audit_log import AuditedAct

MICROS: Final = "_micros"
_HIDDEN: Final = frozenset({"command_id"})
_YES: Final = marked("Yes")
_NO: Final = marked("No")
_NOTHING: Final = marked("Nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue:
    """One line of an act: what it is called, and how it was and is; ``before`` is empty for a parameter."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAct:
    """An act in words; ``tone`` is the kind of badge that its outcome has."""

    record: AuditedAct
    title: str
    tone: str
    outcome: str
    why_not: str
    interface: str
    changes: tuple[ShownValue, ...]
    parameters: tuple[ShownValue, ...]


def shown_act(act: AuditedAct, speech: Speech, currency: str) -> ShownAct:
    """The act in this language. ``currency`` is the organization's, empty in a list of all of them."""
    say = _Words(speech, currency)
    tone, outcome = OUTCOMES[act.outcome]
    words = ACTS.get(act.operation)
    return ShownAct(
        record=act,
        title=say.plain(act.operation) if words is None else speech.say(words),
        tone=tone,
        outcome=speech.say(outcome),
        why_not=_why_not(act, speech),
        interface=speech.say(INTERFACES[act.edge]) if act.edge in INTERFACES else act.edge,
        changes=tuple(
            ShownValue(name=say.name(name), before=say.value(name, before), after=say.value(name, after))
            for name, before, after in _apart(act.changes)
        ),
        parameters=tuple(
            ShownValue(name=say.name(name), before="", after=say.value(name, value))
            for name, value in _flat(act.parameters).items()
            if name not in _HIDDEN
        ),
    )


def _apart(changes: Iterable[tuple[str, Any, Any]]) -> Iterator[tuple[str, Any, Any]]:
    """Changes of records by what differs in them: not all of a record is another one's."""
    for name, before, after in changes:
        if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
            yield name, before, after
            continue
        for inner in sorted({*before, *after}):
            if before.get(inner) != after.get(inner):
                yield inner, before.get(inner), after.get(inner)


def _why_not(act: AuditedAct, speech: Speech) -> str:
    """The sentence of a refusal; the bare word of what has none."""
    if act.outcome not in {AuditOutcome.REFUSED, AuditOutcome.DENIED}:
        return act.code
    known = act.code in set(RefusalCode)
    return speech.refusal(Refused(code=RefusalCode(act.code)), "") if known else act.code


def _flat(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with those that are records spread out: what was typed into a form stands in one."""
    found: dict[str, Any] = {}
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            found.update(value)
        else:
            found[name] = value
    return found


class _Words:
    """Names and values in one language."""

    __slots__ = ("_currency", "_speech")

    def __init__(self, speech: Speech, currency: str) -> None:
        self._speech = speech
        self._currency = currency

    def plain(self, name: str) -> str:
        """A name of the interfaces with blanks in it."""
        return name.removesuffix(MICROS).replace("_", " ").capitalize() if name.isidentifier() else name

    def name(self, name: str) -> str:
        """What something is called."""
        return self._speech.say(FIELDS[name]) if name in FIELDS else self.plain(name)

    def value(self, name: str, value: object) -> str:
        """What it holds."""
        if value == {}:
            value = None
        match value:
            case None | "" | []:
                return self._speech.say(_NOTHING)
            case bool():
                return self._speech.say(_YES if value else _NO)
            case int():
                return self._number(name, value)
            case str():
                return self._text(value)
            case list():
                return ", ".join(self.value(name, each) for each in value)
            case dict():
                return "; ".join(f"{self.name(inner)}: {self.value(inner, each)}" for inner, each in value.items())
            case _:
                return str(value)

    def _number(self, name: str, number: int) -> str:
        formats = self._speech.formats
        if name.endswith(MICROS):
            return formats.money(number, self._currency) if self._currency else format_micros(number)
        return formats.count(number)

    def _text(self, text: str) -> str:
        try:
            instant = datetime.fromisoformat(text) if "T" in text else None
        except ValueError:
            return text
        return text if instant is None or instant.tzinfo is None else self._speech.formats.second(instant)
