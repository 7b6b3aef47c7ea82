"""Answers as text, for the columns that remember them.

Knows how an outcome is written down and read back. Refuses to be an interface: no client ever sees this form.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from commcredits.core.account import Memory
from commcredits.core.commands import Command
from commcredits.core.outcomes import (
    Adjusted,
    BlockSet,
    CallOutcome,
    Done,
    Ended,
    Granted,
    LotGranted,
    Outcome,
    RechargeRuleSaved,
    Recorded,
    RefundTaken,
    RefusalCode,
    Refused,
    Started,
    TopUpTaken,
)

_KINDS: Final[dict[str, type[Any]]] = {
    "refused": Refused,
    "top_up_taken": TopUpTaken,
    "recharge_rule_saved": RechargeRuleSaved,
    "lot_granted": LotGranted,
    "refund_taken": RefundTaken,
    "adjusted": Adjusted,
    "block_set": BlockSet,
    "done": Done,
    "ended": Ended,
}
_GRANTS: Final = (Granted, Started)
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}

_encode = msgspec.json.Encoder().encode
_decode_facts = msgspec.json.Decoder(dict[str, str | int]).decode
_decode = msgspec.json.Decoder().decode


def encode_memory(memory: Memory) -> str:
    """A call's remembered answers as JSON text; short, because every step of a call writes it."""
    return _encode([(key, content, *_call_fields(outcome)) for key, content, outcome in memory]).decode()


def decode_memory(text: str, currency: str) -> Memory:
    """The answers that ``encode_memory`` wrote; the currency is the organization's."""
    return tuple((key, content, _call_outcome(tag, fields, currency)) for key, content, tag, *fields in _decode(text))


def encode_answer(outcome: Outcome) -> str:
    """The answer to an account command as JSON text."""
    return _encode((_NAMES[type(outcome)], outcome)).decode()


def decode_answer(text: str) -> Outcome:
    """The answer that ``encode_answer`` wrote."""
    name, fields = _decode(text)
    answer: Outcome = msgspec.convert(fields, _KINDS[name])
    return answer


def encode_facts(facts: Mapping[str, str | int]) -> str:
    """What a flag rests on, as a JSON object."""
    return _encode(facts).decode()


def decode_facts(text: str) -> dict[str, str | int]:
    """What a flag rests on, from its JSON object."""
    return _decode_facts(text)


def content_digest(command: Command) -> str:
    """A digest of everything that a command asks for; the same id with another digest is a conflict."""
    return blake2b(_encode(command), digest_size=16).hexdigest()


def _call_fields(outcome: CallOutcome) -> tuple[object, ...]:
    if isinstance(outcome, _GRANTS):
        return (
            "g" if isinstance(outcome, Granted) else "s",
            outcome.grant_number,
            outcome.granted_seconds,
            outcome.valid_seconds,
            outcome.final,
            outcome.charged_micros,
            outcome.held_micros,
            outcome.included_seconds,
        )
    if isinstance(outcome, Ended):
        return ("e", outcome.duration_seconds, outcome.charged_micros, outcome.pool_minutes)
    if isinstance(outcome, Recorded):
        return (
            "c",
            outcome.duration_seconds,
            outcome.pool_minutes,
            outcome.charged_micros,
            outcome.owed_micros,
            outcome.free_call,
        )
    return ("r", outcome.code.value, outcome.facts, outcome.would_change_it)


def _call_outcome(tag: str, fields: list[Any], currency: str) -> CallOutcome:
    if tag == "r":
        return Refused(code=RefusalCode(fields[0]), facts=fields[1], would_change_it=tuple(fields[2]))
    if tag == "e":
        return Ended(duration_seconds=fields[0], charged_micros=fields[1], currency=currency, pool_minutes=fields[2])
    if tag == "c":
        return Recorded(
            duration_seconds=fields[0],
            pool_minutes=fields[1],
            charged_micros=fields[2],
            owed_micros=fields[3],
            free_call=fields[4],
            currency=currency,
        )
    kind = Granted if tag == "g" else Started
    return kind(
        grant_number=fields[0],
        granted_seconds=fields[1],
        valid_seconds=fields[2],
        final=fields[3],
        charged_micros=fields[4],
        held_micros=fields[5],
        currency=currency,
        included_seconds=fields[6],
    )
