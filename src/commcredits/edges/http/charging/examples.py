"""Bodies and answers that OpenAPI shows: a call that credits pay for, one that splits, refusals that explain.

Knows calls that could have been. What stands here as an outcome is written by what writes all answers
(commcredits.edges.http.charging.answers). Refuses to know how a document shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from commcredits.core.commands import Authorise, CallType, End, Service, Start, Update
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused, Started
from commcredits.edges.http.charging.answers import answer_outcome
from commcredits.operations.charging import ChargingCommand

_ORGANIZATION: Final = "019353b4-7c1e-7000-8000-0123456789ab"
_CALL: Final = "a84b4c76e66710@192.0.2.1"
_USER: Final = "front.desk@example.com"
_USER_ID: Final = "019353b4-7c1e-7000-8000-00000000a001"
_OURS: Final = "+40212345678"
_THEIRS: Final = "+40316300000"
_SINCE: Final = "2026-11-22T09:12:47Z"
_NEXT_MONTH: Final = "2026-11-30T22:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A JSON value, and what it shows."""

    name: str
    summary: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """An outcome that a command could have had."""

    name: str
    summary: str
    outcome: Outcome


def body_examples(command: str) -> Iterator[Example]:
    """Right bodies of the command."""
    for name, summary, body in _BODIES[command]:
        yield Example(name=name, summary=summary, value=body)


def answer_examples(command: str) -> Iterator[Example]:
    """Answers that the command can get."""
    for told in _ANSWERS[command]:
        yield _written(command, told)


def problem_examples(command: str) -> Iterator[Example]:
    """Refusals that the command can get, each named by its code."""
    for summary, refused in _REFUSALS.get(command, ()):
        yield _written(command, _Told(name=refused.code.value, summary=summary, outcome=refused))


def _written(command: str, told: _Told) -> Example:
    _status, body = answer_outcome(_COMMANDS[command], told.outcome)
    return Example(name=told.name, summary=told.summary, value=json.loads(body))


_IDS: Final = {"organization_id": _ORGANIZATION, "session_id": _CALL}
_PARTIES: Final = {"caller": _OURS, "callee": _THEIRS}
_BODIES: Final[Mapping[str, tuple[tuple[str, str, Mapping[str, Any]], ...]]] = {
    "authorise": (
        ("by_number", "A call of whoever has the caller's number", {"session_id": _CALL, **_PARTIES}),
        (
            "by_user",
            "A call of a user who is named, whatever number it shows",
            {**_IDS, **_PARTIES, "call_type": CallType.USER_OUT.value, "user": _USER, "slice_seconds": 300},
        ),
        (
            "conference_dial_out",
            "A conference calls a telephone: the conference pool, then credits",
            {
                **_IDS,
                **_PARTIES,
                "call_type": CallType.CONF_OUT.value,
                "user": _USER,
                "conference_id": "conf-4711",
            },
        ),
        (
            "toll_free",
            "Somebody calls a toll-free number of the organization",
            {
                "session_id": _CALL,
                "service": Service.TOLL_FREE_IN.value,
                "caller": _THEIRS,
                "callee": "+40800123456",
            },
        ),
    ),
    "start": (("answered", "The call was answered", _IDS),),
    "update": (("slice", "Ten minutes have passed", {**_IDS, "request_number": 2, "used_seconds": 600}),),
    "end": (("hung_up", "The call is over", {**_IDS, "used_seconds": 650, "cause": "normal_clearing"}),),
}

_COMMANDS: Final[Mapping[str, ChargingCommand]] = {
    "authorise": Authorise(
        organization_id=_ORGANIZATION, session_id=_CALL, service=Service.OUTBOUND, caller=_OURS, callee=_THEIRS
    ),
    "start": Start(organization_id=_ORGANIZATION, session_id=_CALL),
    "update": Update(organization_id=_ORGANIZATION, session_id=_CALL, request_number=2, used_seconds=600),
    "end": End(organization_id=_ORGANIZATION, session_id=_CALL, used_seconds=650),
}


def _granted(seconds: int, *, included: int, held_micros: int, number: int = 1) -> Granted:
    return Granted(
        grant_number=number,
        granted_seconds=seconds,
        valid_seconds=330,
        final=False,
        charged_micros=0,
        held_micros=held_micros,
        currency="EUR",
        included_seconds=included,
    )


_FIVE_MINUTES: Final = 3_000_000
_ANSWERS: Final[Mapping[str, tuple[_Told, ...]]] = {
    "authorise": (
        _Told(
            name="credits",
            summary="Credits pay: five minutes held at 0.60 a minute",
            outcome=_granted(300, included=0, held_micros=_FIVE_MINUTES),
        ),
        _Told(
            name="pool",
            summary="Minutes of a pool pay: five of them held, and no money",
            outcome=_granted(300, included=300, held_micros=0),
        ),
    ),
    "start": (
        _Told(
            name="pool",
            summary="Minutes of a pool pay",
            outcome=Started(
                grant_number=1,
                granted_seconds=300,
                valid_seconds=330,
                final=False,
                charged_micros=0,
                held_micros=0,
                currency="EUR",
                included_seconds=300,
            ),
        ),
    ),
    "update": (
        _Told(
            name="split",
            summary="The pool ends at ten minutes; credits pay from there on, at 0.60 a minute",
            outcome=_granted(900, included=600, held_micros=_FIVE_MINUTES, number=3),
        ),
    ),
    "end": (
        _Told(
            name="credits",
            summary="Credits paid: 650 s at 0.60 a minute",
            outcome=Ended(duration_seconds=650, charged_micros=6_500_000, currency="EUR"),
        ),
        _Told(
            name="split",
            summary="Ten minutes of a pool paid, then credits: 50 s at 0.60 a minute",
            outcome=Ended(duration_seconds=650, charged_micros=500_000, currency="EUR", pool_minutes=10),
        ),
    ),
}

_POOL: Final[Mapping[str, str | int]] = {
    "pool": "pool:MCOPSTN5:RO",
    "pool_month": "2026-11",
    "pool_minutes": 240,
    "pool_minutes_used": 238,
    "pool_minutes_held": 2,
    "pool_empty_since": _SINCE,
}
_REFUSALS: Final[Mapping[str, tuple[tuple[str, Refused], ...]]] = {
    "authorise": (
        (
            "The pool is empty, and the balance does not cover a second",
            Refused(
                code=RefusalCode.INSUFFICIENT_FUNDS,
                facts={**_POOL, "available_micros": 4_000, "needed_micros": 10_000, "currency": "EUR"},
                would_change_it=("add_funds", "assign_licence:MCOPSTN5", f"wait_until:{_NEXT_MONTH}"),
            ),
        ),
        (
            "The pool is empty, and the user may not draw on credits",
            Refused(
                code=RefusalCode.CREDITS_NOT_LICENSED,
                facts={"row": 2, "licence": "MCOPSTNC", "user": _USER, **_POOL},
                would_change_it=("assign_licence:MCOPSTNC", "assign_licence:MCOPSTN5", f"wait_until:{_NEXT_MONTH}"),
            ),
        ),
        (
            "The user's monthly cap leaves nothing: 19.40 used, and 0.60 held by another call",
            Refused(
                code=RefusalCode.CAP_REACHED,
                facts={
                    "meter": f"cap:user:{_USER_ID}",
                    "period": "2026-11",
                    "limit_micros": 20_000_000,
                    "used_micros": 19_400_000,
                    "held_micros": 600_000,
                    "needed_micros": 10_000,
                    "currency": "EUR",
                    "reached_at": _SINCE,
                },
                would_change_it=(f"raise_limit:cap:user:{_USER_ID}", f"wait_until:{_NEXT_MONTH}"),
            ),
        ),
        (
            "The organization's dial-out policy keeps its users in their countries",
            Refused(
                code=RefusalCode.DIAL_OUT_NOT_ALLOWED,
                facts={
                    "axis": "user",
                    "policy": "domestic",
                    "allowed_by": "international_and_domestic",
                    "usage_location": "RO",
                    "destination_country": "DE",
                    "rule_of": "organization",
                    "user": _USER,
                },
                would_change_it=("change_policy:user",),
            ),
        ),
        (
            "A fraud limit blocked the user, until somebody lifts the block",
            Refused(
                code=RefusalCode.BLOCKED,
                facts={
                    "block_id": "019353b4-7c1e-7000-8000-00000000b001",
                    "blocked": "user",
                    "subject": _USER_ID,
                    "reason": "spend_velocity",
                    "limit_micros": 50_000_000,
                    "spent_micros": 50_000_000,
                    "since": _SINCE,
                    "currency": "EUR",
                },
                would_change_it=("lift_block:019353b4-7c1e-7000-8000-00000000b001",),
            ),
        ),
        (
            "The organization has no such user",
            Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": _USER}, would_change_it=("add_user",)),
        ),
    )
}
