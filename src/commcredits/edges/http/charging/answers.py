"""Outcomes of the core → JSON bodies of charging answers.

Knows the wire format of each answer. Refuses to know HTTP's framing, and what an outcome means for a call.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from commcredits.core.money import format_micros
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused, Started
from commcredits.edges.http.charging.emergency import EmergencyCall
from commcredits.edges.http.problems import Problem, refusal_problem
from commcredits.operations.charging import EMERGENCY_GRANT, ChargingCommand

Answer = tuple[int, bytes]
"""A status and a JSON body."""

_OK: Final = 200
_encode: Final = msgspec.json.Encoder().encode
_amount: Final = lru_cache(maxsize=4_096)(format_micros)
"""Amounts repeat: calls to one destination hold the same slice."""


class GrantedAnswer(msgspec.Struct, tag_field="outcome", tag="granted", omit_defaults=True, gc=False, frozen=True):
    """The answer to ``authorise`` and ``update``; amounts are decimals with six digits.

    ``included_seconds`` is left out of the answer where no minutes of a pool pay.
    """

    organization_id: str | None
    session_id: str
    grant_number: int
    granted_seconds: int
    valid_seconds: int
    final: bool
    charged: str
    held: str
    currency: str
    included_seconds: int = 0


class StartedAnswer(msgspec.Struct, tag_field="outcome", tag="started", omit_defaults=True, gc=False, frozen=True):
    """The answer to ``start``; the fields are those of GrantedAnswer."""

    organization_id: str
    session_id: str
    grant_number: int
    granted_seconds: int
    valid_seconds: int
    final: bool
    charged: str
    held: str
    currency: str
    included_seconds: int = 0


class EndedAnswer(msgspec.Struct, tag_field="outcome", tag="ended", omit_defaults=True, gc=False, frozen=True):
    """The answer to ``end``; ``pool_minutes`` is left out where no minutes of a pool paid."""

    organization_id: str
    session_id: str
    duration_seconds: int
    charged: str
    currency: str
    pool_minutes: int = 0


def answer_outcome(command: ChargingCommand, outcome: Outcome) -> Answer:
    """The answer that tells this outcome of this command; one that no charging command has is an internal error."""
    match outcome:
        case Granted():
            return _OK, _encode(_granted(command.organization_id, command.session_id, outcome))
        case Started():
            return _OK, _encode(
                StartedAnswer(
                    command.organization_id,
                    command.session_id,
                    outcome.grant_number,
                    outcome.granted_seconds,
                    outcome.valid_seconds,
                    outcome.final,
                    _amount(outcome.charged_micros),
                    _amount(outcome.held_micros),
                    outcome.currency,
                    outcome.included_seconds,
                )
            )
        case Ended():
            return _OK, _encode(
                EndedAnswer(
                    command.organization_id,
                    command.session_id,
                    outcome.duration_seconds,
                    _amount(outcome.charged_micros),
                    outcome.currency,
                    outcome.pool_minutes,
                )
            )
        case Refused():
            return answer_problem(refusal_problem(outcome))
        case _:
            return answer_problem(refusal_problem(Refused(code=RefusalCode.INTERNAL_ERROR)))


def answer_emergency(call: EmergencyCall) -> Answer:
    """The answer that lets an emergency call through."""
    return _OK, _encode(_granted(call.organization_id, call.session_id, EMERGENCY_GRANT))


def answer_problem(problem: Problem) -> Answer:
    """The answer that tells a problem."""
    return problem.status, _encode(problem.document)


def _granted(organization_id: str | None, session_id: str, outcome: Granted) -> GrantedAnswer:
    return GrantedAnswer(
        organization_id,
        session_id,
        outcome.grant_number,
        outcome.granted_seconds,
        outcome.valid_seconds,
        outcome.final,
        _amount(outcome.charged_micros),
        _amount(outcome.held_micros),
        outcome.currency,
        outcome.included_seconds,
    )
