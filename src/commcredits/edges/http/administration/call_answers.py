"""What the JSON bodies of answers about recorded calls and their prices hold, made from the records of the operations.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import BaseModel

from commcredits.core.commands import Service
from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Seconds, Time, time, time_or_none
from commcredits.edges.http.administration.people_answers import Count, WrongLine, wrong_line
from commcredits.edges.http.administration.refusing import ProblemError
from commcredits.edges.http.problems import Problem, refusal_problem
from commcredits.operations import rerating, simulated_totals
from commcredits.operations.call_mapping_store import NamedMapping
from commcredits.operations.recorded_calls import CallImport
from commcredits.operations.rerating import Engine


class CallsRecorded(BaseModel):
    """What became of call records: new, known from before, left out by the mapping, and not taken.

    ``charged`` is what the new ones cost, ``owed`` how much of it found no funds, ``pool_minutes`` what minute pools
    paid; ``free_calls`` of them had no rate and cost nothing. ``rejections`` are the first 200.
    """

    accepted: Count
    known: Count
    skipped: Count
    rejected: Count
    free_calls: Count
    pool_minutes: Count
    charged: Amount
    owed: Amount
    currency: Currency
    rejections: list[WrongLine]


class CallMapping(BaseModel):
    """A mapping of files of call records. ``saved_at`` is null for one that comes with the product."""

    name: str
    description: str
    document: dict[str, Any]
    saved_at: Time | None


class GroupTotals(BaseModel):
    """Calls that have something in common: a destination, a service, a user (``name`` is the user principal name)."""

    key: str
    name: str
    calls: Count
    seconds: Seconds
    charged: Amount
    would_cost: Amount
    difference: Amount


class CallDifference(BaseModel):
    """A call that would cost another amount."""

    session_id: str
    service: Service
    callee: str
    destination: str
    began_at: Time
    seconds: Seconds
    charged: Amount
    would_cost: Amount
    difference: Amount


class Simulation(BaseModel):
    """What a period would have cost. ``unpriced`` calls cost the same under any deck.

    ``free_calls`` have no rate in this one. Groups and calls that differ most come first: at most 200 groups of a kind,
    and 50 calls. ``engine`` is how calls were rated: both ways say the same, and ``note`` is why not the fast one.
    """

    rate_deck_id: Identity
    currency: Currency
    calls: Count
    unpriced: Count
    seconds: Seconds
    charged: Amount
    would_cost: Amount
    difference: Amount
    free_calls: Count
    free_charged: Amount
    destinations: list[GroupTotals]
    destination_count: Count
    services: list[GroupTotals]
    users: list[GroupTotals]
    user_count: Count
    dearest: list[CallDifference]
    engine: Engine
    note: str


class KeptCall(BaseModel):
    """A call that was left as it is, and why."""

    session_id: str
    code: RefusalCode


class Correction(BaseModel):
    """What a correction did to the calls of a period.

    ``charged`` was charged on top, ``owed`` of it found no funds; ``given_back`` was given back, ``debt_forgiven`` of
    it by owing less. ``kept_calls`` are the first 200 of ``kept``.
    """

    correction_id: str
    rate_deck_id: Identity
    currency: Currency
    calls: Count
    corrected: Count
    unchanged: Count
    running: Count
    refused_calls: Count
    free_calls: Count
    kept: Count
    kept_calls: list[KeptCall]
    charged: Amount
    owed: Amount
    given_back: Amount
    debt_forgiven: Amount


def calls_recorded(record: CallImport) -> CallsRecorded:
    """An import as it is answered. Raises ProblemError, with what was done so far, when it stopped early."""
    answer = CallsRecorded(
        accepted=record.accepted,
        known=record.known,
        skipped=record.skipped,
        rejected=record.rejected,
        free_calls=record.free_calls,
        pool_minutes=record.pool_minutes,
        charged=format_micros(record.charged_micros),
        owed=format_micros(record.owed_micros),
        currency=record.currency,
        rejections=[wrong_line(each) for each in record.rejections],
    )
    if record.refused is not None:
        problem = refusal_problem(record.refused)
        raise ProblemError(
            Problem(status=problem.status, document={**problem.document, "done": answer.model_dump(mode="json")})
        )
    return answer


def call_mapping(record: NamedMapping) -> CallMapping:
    """A mapping as it is answered."""
    return CallMapping(
        name=record.name,
        description=record.description,
        document=msgspec.json.decode(record.document),
        saved_at=time_or_none(record.saved_at),
    )


def simulation(record: rerating.Simulation) -> Simulation:
    """A simulation as it is answered."""
    return Simulation(
        rate_deck_id=record.rate_deck_id,
        currency=record.currency,
        calls=record.calls,
        unpriced=record.unpriced,
        seconds=record.seconds,
        charged=format_micros(record.charged_micros),
        would_cost=format_micros(record.would_cost_micros),
        difference=format_micros(record.difference_micros),
        free_calls=record.free_calls,
        free_charged=format_micros(record.free_charged_micros),
        destinations=[_group(each) for each in record.destinations],
        destination_count=record.destination_count,
        services=[_group(each) for each in record.services],
        users=[_group(each) for each in record.users],
        user_count=record.user_count,
        dearest=[_difference(each) for each in record.dearest],
        engine=record.engine,
        note=record.note,
    )


def correction(record: rerating.Correction) -> Correction:
    """A correction as it is answered. Raises ProblemError, with what was done so far, when it stopped early."""
    answer = Correction(
        correction_id=record.correction_id,
        rate_deck_id=record.rate_deck_id,
        currency=record.currency,
        calls=record.calls,
        corrected=record.corrected,
        unchanged=record.unchanged,
        running=record.running,
        refused_calls=record.refused_calls,
        free_calls=record.free_calls,
        kept=record.kept,
        kept_calls=[KeptCall(session_id=each.session_id, code=each.code) for each in record.kept_calls],
        charged=format_micros(record.charged_micros),
        owed=format_micros(record.owed_micros),
        given_back=format_micros(record.given_back_micros),
        debt_forgiven=format_micros(record.debt_forgiven_micros),
    )
    if record.refused is not None:
        problem = refusal_problem(record.refused)
        raise ProblemError(
            Problem(status=problem.status, document={**problem.document, "done": answer.model_dump(mode="json")})
        )
    return answer


def _group(record: simulated_totals.GroupTotals) -> GroupTotals:
    return GroupTotals(
        key=record.key,
        name=record.name,
        calls=record.calls,
        seconds=record.seconds,
        charged=format_micros(record.charged_micros),
        would_cost=format_micros(record.would_cost_micros),
        difference=format_micros(record.difference_micros),
    )


def _difference(record: simulated_totals.CallDifference) -> CallDifference:
    return CallDifference(
        session_id=record.session_id,
        service=record.service,
        callee=record.callee,
        destination=record.destination,
        began_at=time(record.began_at),
        seconds=record.seconds,
        charged=format_micros(record.charged_micros),
        would_cost=format_micros(record.would_cost_micros),
        difference=format_micros(record.difference_micros),
    )
