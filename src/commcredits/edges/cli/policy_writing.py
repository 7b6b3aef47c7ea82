"""What commands on rules, pools and possible calls write, for people and for programs.

Knows the form. JSON has the same fields as the administration API. Refuses to know what is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from commcredits.core.money import format_micros
from commcredits.edges.cli.refusing import sentence_of
from commcredits.edges.cli.writing import (
    amount_text,
    document_of,
    instant_text,
    moment_text,
    write_facts,
    write_json,
    write_line,
    write_table,
)

if TYPE_CHECKING:  # loading what a command does not use would delay its first word
    from commcredits.core.explaining import Answer, CreditsStanding, LimitStanding, PoolStanding
    from commcredits.core.outcomes import Refused
    from commcredits.core.roster import Limits, Party
    from commcredits.operations.may_call import CallAnswer
    from commcredits.operations.pools import PoolRecord, PoolsReport
    from commcredits.operations.rules import RulesRecord

_MICROS: Final = "_micros"
_HOUR_SECONDS: Final = 3_600
_MINUTE_SECONDS: Final = 60


def write_rules(record: RulesRecord, *, as_json: bool) -> None:
    """An organization's rules."""
    if as_json:
        write_json(_rules_document(record))
        return
    rules, currency = record.rules, record.currency
    purchased = [licence for licence, size in rules.pool_size_by.items() if size == "purchased"]
    facts = {
        "in force": "yes" if record.in_force else "no: without people and rules, all calls draw on credits",
        "conferences dial out": rules.dial_out.conference.replace("_", " "),
        "users call": rules.dial_out.user.replace("_", " "),
        "premium numbers": "allowed" if rules.premium_allowed else "not allowed",
        "calls of nobody's": "draw on credits" if rules.calls_without_user == "credits" else "are refused",
        "pools by purchase": ", ".join(purchased) or "none",
        "either pool stops both": "yes" if rules.international_stops_both else "no",
        **_limit_facts(rules.limits, currency),
    }
    for country, micros in sorted(record.usual_daily_micros.items()):
        facts[f"usual day, {country}"] = f"{amount_text(micros)} {currency}"
    write_facts(facts)


def _limit_facts(limits: Limits, currency: str) -> dict[str, str]:
    def amount(micros: int | None) -> str:
        return "no limit" if micros is None else f"{amount_text(micros)} {currency}"

    def count(calls: int | None) -> str:
        return "no limit" if calls is None else str(calls)

    departments = {
        f"month, department {name}": amount(micros)
        for name, micros in sorted(limits.department_monthly_max_micros.items())
    }
    return {
        "calls at once": count(limits.calls_max),
        "calls at once, a user": count(limits.user_calls_max),
        "month, a user": amount(limits.user_monthly_max_micros),
        **departments,
        "hour, a user (blocks)": amount(limits.user_hourly_max_micros),
        "day, a country (blocks)": amount(limits.destination_daily_max_micros),
        "and times a usual day": str(limits.destination_factor),
        "day, a toll-free caller": amount(limits.toll_free_caller_daily_max_micros),
    }


def _rules_document(record: RulesRecord) -> dict[str, object]:
    rules = document_of(record.rules, without=("limits", "dial_out", "pool_size_by"))
    limits = {
        name.removesuffix(_MICROS): _amounts(getattr(record.rules.limits, name), money=name.endswith(_MICROS))
        for name in record.rules.limits.__struct_fields__
    }
    return {
        "in_force": record.in_force,
        "dial_out": document_of(record.rules.dial_out),
        **rules,
        "pool_size_by": dict(record.rules.pool_size_by),
        "limits": limits,
        "usual_daily": _amounts(record.usual_daily_micros, money=True),
        "currency": record.currency,
    }


def _amounts(value: Any, *, money: bool) -> object:
    """A limit as JSON: an amount, amounts by name, a count, or none."""
    if isinstance(value, Mapping):
        return {name: format_micros(micros) for name, micros in value.items()}
    return format_micros(value) if money and value is not None else value


def write_pools(report: PoolsReport, *, as_json: bool) -> None:
    """The report of minute pools."""
    if as_json:
        write_json(document_of(report))
        return
    write_table(
        ("licence", "country", "total ", "used ", "held ", "left ", "empty since", "beyond ", "cost ", "currency"),
        (_pool_cells(each, report.currency) for each in report.pools),
    )
    write_facts(
        {
            "month": report.month,
            "minutes left": f"{report.available_minutes} of {report.total_minutes}",
            "beyond pools": f"{_time(report.beyond.seconds)} in {report.beyond.calls} calls for "
            f"{amount_text(report.beyond.charged_micros)} {report.currency}",
            "available credits": f"{amount_text(report.available_micros)} {report.currency}",
        }
    )


def _pool_cells(pool: PoolRecord, currency: str) -> tuple[str, ...]:
    users = "" if pool.users is None else f" ({pool.users} users)"
    return (
        f"{pool.description}{users}",
        pool.country,
        str(pool.total_minutes),
        str(pool.used_minutes),
        str(pool.held_minutes),
        str(pool.available_minutes),
        moment_text(pool.empty_since) or ("stopped by the other pool" if pool.stopped_by else ""),
        _time(pool.beyond.seconds),
        amount_text(pool.beyond.charged_micros),
        currency,
    )


def write_call_answer(answered: CallAnswer, *, as_json: bool) -> None:
    """Whether a call may be made, and what that rests on."""
    answer, currency = answered.answer, answered.currency
    if as_json:
        write_json(_answer_document(answer, currency))
        return
    outcome: Any = answer.outcome
    if answer.allowed:
        write_line(f"Yes, for {_time(answer.seconds_max)} at most.")
    else:
        write_line(f"No: {sentence_of(outcome)}.")
    facts: dict[str, str] = {}
    if answer.would_change_it:
        facts["would change it"] = ", ".join(answer.would_change_it)
    if answer.party is not None:
        facts["booked to"] = _party_text(answer.party)
    if answer.user is not None:
        facts["call of"] = _party_text(answer.user)
    if answer.row is not None:
        facts["who pays"] = f"row {answer.row.number}: {answer.row.situation}"
    if answer.first is not None:
        facts["pays first"] = answer.first.replace("_", " ")
    for name, pool in (("minutes", answer.pool), ("stopped by", answer.stopped_by)):
        if pool is not None:
            facts[name] = f"{pool.left} of {pool.minutes} left in {pool.key}, {pool.month}"
    if answer.credits is not None:
        facts["credits"] = _credits_text(answer.credits, currency)
    facts |= {f"limit {each.binding.key}": _limit_text(each, currency) for each in answer.limits}
    write_facts(facts)


def _party_text(party: Party) -> str:
    return f"{party.display_name or party.user_principal_name} ({party.usage_location or 'no location'})"


def _credits_text(standing: CreditsStanding, currency: str) -> str:
    if standing.rate is None:
        return "none" if standing.refused is None else sentence_of(standing.refused)
    return (
        f"{amount_text(standing.first_minute_micros)} {currency} for the first minute to "
        f"{standing.rate.destination or standing.rate.prefix}; {amount_text(standing.spendable_micros)} {currency} "
        f"last {_time(standing.affordable_seconds)}"
    )


def _limit_text(standing: LimitStanding, currency: str) -> str:
    binding = standing.binding
    if binding.kind == "calls":
        return f"{standing.left} of {binding.limit} left"
    return f"{amount_text(standing.left)} of {amount_text(binding.limit)} {currency} left in {binding.period}"


def _time(seconds: int) -> str:
    """Seconds as people say them."""
    hours, rest = divmod(seconds, _HOUR_SECONDS)
    minutes, left = divmod(rest, _MINUTE_SECONDS)
    parts = ((hours, "h"), (minutes, "min"), (left, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _answer_document(answer: Answer, currency: str) -> dict[str, object]:
    booking, row = answer.booking, answer.row
    outcome: Any = answer.outcome
    return {
        "allowed": answer.allowed,
        "refusal": None if answer.allowed else _refusal(outcome),
        "would_change_it": list(answer.would_change_it),
        "at": instant_text(answer.at),
        "caller": answer.call.caller,
        "callee": answer.call.callee,
        "service": answer.service,
        "call_type": answer.call.call_type if booking is None else booking.call_type,
        "row": None if row is None else row.number,
        "situation": None if row is None else row.situation,
        "booked_to": None if row is None else row.booked_to,
        "party": _party(answer.party),
        "user": _party(answer.user),
        "destination_country": None if booking is None else booking.other_country,
        "domestic": None if booking is None else booking.domestic,
        "first": answer.first,
        "pool": _pool(answer.pool),
        "stopped_by": _pool(answer.stopped_by),
        "credits": _credits(answer.credits),
        "limits": [_limit(each) for each in answer.limits],
        "included_seconds": answer.included_seconds,
        "seconds_max": answer.seconds_max,
        "currency": currency,
    }


def _refusal(refused: Refused) -> dict[str, object]:
    facts = {
        name.removesuffix(_MICROS): format_micros(value) if isinstance(value, int) and name.endswith(_MICROS) else value
        for name, value in refused.facts.items()
    }
    return {**facts, "detail": sentence_of(refused), "code": refused.code}


def _party(party: Party | None) -> dict[str, object] | None:
    if party is None:
        return None
    fields = ("kind", "user_principal_name", "display_name", "usage_location", "department")
    return {"object_id": party.party_id, **{name: getattr(party, name) for name in fields}}


def _pool(pool: PoolStanding | None) -> dict[str, object] | None:
    if pool is None:
        return None
    return {
        "pool": pool.key,
        "month": pool.month,
        "total_minutes": pool.minutes,
        "used_minutes": pool.used,
        "held_minutes": pool.held,
        "available_minutes": pool.left,
        "empty_since": None if pool.empty_since is None else instant_text(pool.empty_since),
    }


def _credits(standing: CreditsStanding | None) -> dict[str, object] | None:
    if standing is None:
        return None
    rate = standing.rate
    without = ("service", "effective_from", "effective_to", "shape")
    priced = None if rate is None else {**document_of(rate, without=without), "shaped": rate.shape is not None}
    return {
        "begins_at": instant_text(standing.begins_at),
        "refusal": None if standing.refused is None else _refusal(standing.refused),
        "rate": priced,
        "first_minute": None if rate is None else format_micros(standing.first_minute_micros),
        "available": format_micros(standing.available_micros),
        "spendable": format_micros(standing.spendable_micros),
        "bound_by": standing.bound_by or None,
        "affordable_seconds": standing.affordable_seconds,
    }


def _limit(standing: LimitStanding) -> dict[str, object]:
    binding = standing.binding
    calls = binding.kind == "calls"
    numbers = {"limit": binding.limit, "used": standing.used, "held": standing.held, "left": standing.left}
    return {
        "meter": binding.key,
        "period": binding.period,
        "counts": "calls" if calls else "money",
        **{name: number if calls else format_micros(number) for name, number in numbers.items()},
        "reached_at": None if standing.reached_at is None else instant_text(standing.reached_at),
        "blocks": binding.blocks,
    }
