"""Watches the sample organizations through the public API, and tells what happened since the last look.

Knows which changes are worth a sentence. Refuses to know how sentences are shown.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from commcredits.core.money import parse_micros
from commcredits.edges.demo.administration import AdministrationClient, Json
from commcredits.edges.demo.opening import OpenedOrganization
from commcredits.edges.demo.traffic import CallOutcome, CallResult

EXPIRES_SOON_SECONDS: Final = 20
"""A lot is announced when so little of its time is left."""

_PAGE: Final = "200"
_WORTH_SAYING_MICROS: Final = 10_000
"""What a short call costs, or one that held an expired lot leaves of it, is often less than a cent."""

_LIVE: Final = frozenset({"authorised", "started"})
_RECORDED: Final = "recorded"

_KINDS: Final[Mapping[str, str]] = {
    "conf_out": "a conference dial-out of {user} to {callee}",
    "ucap_in": "a toll-free call to {user}",
}
_REASONS: Final[Mapping[str, str]] = {
    "credits_not_licensed": "its minutes are used up, and there is no Communications Credits licence",
    "dial_out_not_allowed": "the dial-out policy does not allow it",
}
"""Refusals that their code alone does not explain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an organization stands at one look; amounts in millionths. Counts are of the whole demonstration.

    ``pool_minutes`` are the included minutes that calls which are over have used.
    """

    name: str
    currency: str
    posted_micros: int
    held_micros: int
    available_micros: int
    pool_minutes: int
    calls_running: int
    calls_over: int
    calls_refused: int


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What was noticed of one organization before."""

    top_up_states: dict[str, str] = field(default_factory=dict)
    lots_announced: set[str] = field(default_factory=set)
    lots_expired: set[str] = field(default_factory=set)
    said: set[str] = field(default_factory=set)

    def first(self, what: str) -> bool:
        """Whether this is said for the first time."""
        if what in self.said:
            return False
        self.said.add(what)
        return True


class Watcher:
    """One pair of eyes. What it did not see, because it happened between two looks, the lists still tell."""

    def __init__(self, administration: AdministrationClient, organizations: tuple[OpenedOrganization, ...]) -> None:
        self._administration = administration
        self._organizations = organizations
        self._seen = {each.organization_id: _Seen() for each in organizations}
        self._over: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._pool_minutes: Counter[str] = Counter()

    def hear(self, result: CallResult) -> None:
        """Count a call that is over."""
        refused = result.outcome is CallOutcome.REFUSED
        (self._refused if refused else self._over)[result.organization] += 1
        self._pool_minutes[result.organization] += result.pool_minutes

    async def look(self) -> tuple[tuple[Standing, ...], tuple[str, ...]]:
        """How every organization stands, and sentences on what is new. Raises AdministrationError."""
        looks = await asyncio.gather(*(self._look_at(each) for each in self._organizations))
        return tuple(standing for standing, _ in looks), tuple(sentence for _, told in looks for sentence in told)

    async def _look_at(self, organization: OpenedOrganization) -> tuple[Standing, tuple[str, ...]]:
        path = f"/v1/organizations/{organization.organization_id}"
        balance, calls, top_ups, lots, journal = await asyncio.gather(
            self._administration.get(f"{path}/balance"),
            self._administration.get(f"{path}/calls", limit=_PAGE),
            self._administration.get(f"{path}/top-ups", limit=_PAGE),
            self._administration.get(f"{path}/lots"),
            self._administration.get(f"{path}/journal", limit=_PAGE),
        )
        standing = Standing(
            name=organization.sample.name,
            currency=balance["currency"],
            posted_micros=parse_micros(balance["posted"]),
            held_micros=parse_micros(balance["held"]),
            available_micros=parse_micros(balance["available"]),
            pool_minutes=self._pool_minutes[organization.sample.name],
            calls_running=sum(call["state"] in _LIVE for call in calls["items"]),
            calls_over=self._over[organization.sample.name],
            calls_refused=self._refused[organization.sample.name],
        )
        seen = self._seen[organization.organization_id]
        told = (
            *_of_holds(standing, seen),
            *_of_recharges(organization, top_ups, seen),
            *_of_calls(calls, seen),
            *_of_minutes(calls, seen),
            *_of_lots(lots, journal, seen),
        )
        return standing, tuple(f"{standing.name}: {sentence}" for sentence in told)


def _of_holds(standing: Standing, seen: _Seen) -> Iterator[str]:
    if standing.held_micros and seen.first("held"):
        yield f"money is held for running calls: {short(standing.held_micros)} {standing.currency}"


def _of_recharges(organization: OpenedOrganization, top_ups: Json, seen: _Seen) -> Iterator[str]:
    rule = organization.sample.auto_recharge
    for top_up in reversed(top_ups["items"]):
        before = seen.top_up_states.get(top_up["top_up_id"])
        seen.top_up_states[top_up["top_up_id"]] = top_up["state"]
        if top_up["kind"] != "auto_recharge" or rule is None or top_up["state"] == before:
            continue
        amount = f"{short(parse_micros(top_up['amount']))} {top_up['currency']}"
        if before is None:
            trigger = short(rule.trigger_amount_micros)
            yield f"the balance fell below {trigger} {top_up['currency']}: auto-recharge buys {amount}"
        if top_up["state"] == "succeeded":
            yield f"auto-recharge added {amount}, paid with {top_up['brand']} {top_up['last4']}"
        elif before is not None:
            yield f"auto-recharge of {amount} is {top_up['state'].replace('_', ' ')}"


def _of_calls(calls: Json, seen: _Seen) -> Iterator[str]:
    for call in reversed(calls["items"]):
        if call["refusal"] is not None and seen.first(f"refused {call['refusal']}"):
            reason = _REASONS.get(call["refusal"], call["refusal"].replace("_", " "))
            yield f"{_name_of(call)} was refused: {reason}"
        if call["cause"] == CallOutcome.CUT and seen.first("cut"):
            yield f"{_name_of(call)} was cut after {call['duration_seconds']} s: no more was granted"
        is_worth_saying = parse_micros(call["charged"]) >= _WORTH_SAYING_MICROS
        if is_worth_saying and seen.first(f"charged {call['call_type']}"):
            yield f"{_name_of(call)} cost {_charge_of(call)} for {call['duration_seconds']} s"


def _of_minutes(calls: Json, seen: _Seen) -> Iterator[str]:
    """What minutes paid: a whole call, and the beginning of one that credits pay the rest of."""
    for call in reversed(calls["items"]):
        minutes = call["pool_minutes"]
        # Those told after the fact were made before anybody looked.
        if not minutes or call["cause"] == _RECORDED:
            continue
        outlived = call["charged"] != "0.000000"
        if outlived and call["state"] in _LIVE and seen.first("outlives"):
            yield f"{_name_of(call)} outlives its minutes: {minutes} min included, then credits: {_charge_of(call)}"
        elif outlived and call["state"] not in _LIVE and seen.first("outlived"):
            yield f"{_name_of(call)} ended: {minutes} min included and {_charge_of(call)} of credits"
        elif not outlived and call["state"] not in _LIVE and seen.first(f"included {call['call_type']}"):
            yield f"{_name_of(call)} took {minutes} included min and cost nothing"


def _of_lots(lots: Json, journal: Json, seen: _Seen) -> Iterator[str]:
    now = datetime.now(UTC)
    for lot in lots["items"]:
        left_seconds = (datetime.fromisoformat(lot["expires_at"]) - now).total_seconds()
        if 0 < left_seconds <= EXPIRES_SOON_SECONDS and lot["lot_id"] not in seen.lots_announced:
            seen.lots_announced.add(lot["lot_id"])
            left = f"{short(parse_micros(lot['free']))} {lot['currency']}"
            yield f"{left} of a {lot['source'].replace('_', ' ')} lot expire in {left_seconds:.0f} s"
    for entry in reversed(journal["items"]):
        if entry["reason"] == "expiry" and entry["transfer_id"] not in seen.lots_expired:
            seen.lots_expired.add(entry["transfer_id"])
            amount_micros = parse_micros(entry["amount"])
            if amount_micros >= _WORTH_SAYING_MICROS:
                yield f"a fund lot expired: {short(amount_micros)} {entry['currency']} are forfeited"


def _name_of(call: Json) -> str:
    """A call in a sentence: whose it is, and where it goes."""
    callee = f"{call['callee']} ({call['destination']})" if call["destination"] else call["callee"]
    kind = _KINDS.get(call["call_type"] or "", "a call of {user} to {callee}" if call["user_display_name"] else "")
    return kind.format(user=call["user_display_name"], callee=callee) or f"a call to {callee}"


def _charge_of(call: Json) -> str:
    return f"{short(parse_micros(call['charged']))} {call['currency']}"


def short(amount_micros: int) -> str:
    """An amount as a glance needs it: whole cents, cut, never rounded up."""
    cents = abs(amount_micros) // 10_000
    return f"{'-' if amount_micros < 0 else ''}{cents // 100}.{cents % 100:02d}"
