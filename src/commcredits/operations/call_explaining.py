"""A call explained: which licence, pool, lots and rate paid for it, step by step, what bound it and what came later.

Knows how to bring a call's own record together with the rate's arithmetic, its lots, limits and corrections. Refuses to
compute anything of its own: the sum is that of the function that charged the call, the row that of the table of who
pays (domain.md §5), and a refusal the very answer that the switch got.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.account import Session
from commcredits.core.funds import LotSource
from commcredits.core.ledger import TransferReason
from commcredits.core.outcomes import Ended, Granted, Recorded, RefusalCode, Refused, Started
from commcredits.core.plans import TABLE, Row
from commcredits.core.policies import LimitKind
from commcredits.core.rating import PriceSum, price_sum
from commcredits.core.tariffs import Rate
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.reports import CallRecord, get_call
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.loading import load_sessions

_ROWS: Final[Mapping[int, Row]] = {row.number: row for row in TABLE}
_NUMBERS: Final = frozenset({"caller", "callee", "number"})
"""Facts of refusals that are telephone numbers: the call's own, which are shown as its organization may see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesPart:
    """What a minute pool paid: ``minutes`` started ones of the pool's ``period`` (a month).

    Up to ``included_seconds`` of the call were the pool's; ``crossed_at`` is when credits took over, if they did.
    """

    pool: str
    period: str
    included_seconds: int
    minutes: int
    crossed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyPart:
    """What credits paid: ``seconds`` of the call, from ``began_at`` on, at one rate, with every step of the sum.

    ``deck_name`` is the name of the rate's deck; empty where it cannot be told any more.
    """

    began_at: datetime
    seconds: int
    rate: Rate
    sum: PriceSum
    deck_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LotDrawn:
    """A fund lot that a call drew on, in order of use."""

    lot_id: str
    source: LotSource
    purchased_at: datetime
    expires_at: datetime
    drawn_micros: int
    held_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitShare:
    """A cap or limit that bound a call, in a period (a month, a day, an hour), and the call's own share of it.

    ``key`` is its meter: ``cap:user:…``, ``cap:department:…``, ``velocity:user:…``, ``destination:…``, ``caller:…``,
    ``calls`` or ``calls:user:…``. Shares are millionths, or calls.
    """

    key: str
    period: str
    kind: LimitKind
    used: int
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantStep:
    """An answer that the switch got, in order: ``step`` is authorise, update, start, end, record, correct or refund.

    The call might last ``granted_seconds`` then, the first ``included_seconds`` by minutes; ``held_micros`` were set
    aside for it and ``charged_micros`` charged so far. ``final``: there was no more to be had. Of updates the latest
    few are remembered.
    """

    step: str
    granted_seconds: int
    included_seconds: int
    held_micros: int
    charged_micros: int
    final: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterChange:
    """What was given back after the call: at which instant, how much, of which debt or to which lot."""

    at: datetime
    reason: TransferReason
    amount_micros: int
    lot_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallExplanation:
    """A call with every reason. Numbers are as the organization may see them (domain.md §7, Privacy).

    ``row`` is that of the table of who pays; None for a plain wallet, all of whose calls credits pay. ``minutes`` and
    ``money`` are the parts that paid; both None for what is free, included, or refused. ``owed_micros`` of the charge
    found no funds. ``lots`` is None for whoever may not read funds. ``refusal`` is the answer that a refused call got,
    with what would have changed it.
    """

    call: CallRecord
    row: Row | None
    department: str
    usage_location: str
    other_country: str
    domestic: bool | None
    conference_id: str
    user_principal_name: str
    minutes: MinutesPart | None
    money: MoneyPart | None
    owed_micros: int
    lots: tuple[LotDrawn, ...] | None
    limits: tuple[LimitShare, ...]
    steps: tuple[GrantStep, ...]
    later: tuple[LaterChange, ...]
    refusal: Refused | None
    time_zone: str


@reads(Permission.CALLS_READ)
async def explain_call(services: Services, *, organization_id: str, session_id: str) -> CallExplanation | Refused:
    """Why a call cost what it cost, or why it was refused; one whose record is no longer kept is as unknown as none."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    call = await get_call(services, organization_id=organization_id, session_id=session_id)
    if isinstance(call, Refused):
        return call
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        found = await load_sessions(
            connection,
            services.shard_id,
            [(organization_id, session_id)],
            {organization_id: organization.currency},
        )
        session = found.get((organization_id, session_id))
        if session is None or not _is_kept(session, organization, services):
            return Refused(code=RefusalCode.UNKNOWN_SESSION, facts={"session_id": session_id})
        place = (services.shard_id, organization_id)
        later = await connection.fetch(load_statement("list_call_corrections"), *place, session_id)
        deck_name = await _deck_name(connection, services.shard_id, session)
        user_name = await _user_name(connection, *place, call)
    return _explanation(call, session, organization, services, (later, deck_name, user_name))


_Beside = tuple[list[asyncpg.Record], str, str]
"""What stands beside a call: corrections, the deck's name, the user's name."""


def _explanation(
    call: CallRecord, session: Session, organization: Organization, services: Services, beside: _Beside
) -> CallExplanation:
    later, deck_name, user_name = beside
    booking = session.terms.booking
    return CallExplanation(
        call=call,
        row=None if booking is None else _ROWS.get(booking.row),
        department="" if booking is None else booking.department,
        usage_location="" if booking is None else booking.usage_location,
        other_country="" if booking is None else booking.other_country,
        domestic=None if booking is None else booking.domestic,
        conference_id="" if booking is None else booking.conference_id,
        user_principal_name=user_name,
        minutes=_minutes(session),
        money=_money(session, deck_name),
        owed_micros=session.owed_micros,
        lots=_lots(session) if services.actor.holds(Permission.FUNDS_READ, organization.organization_id) else None,
        limits=_limits(session),
        steps=tuple(_steps(session)),
        later=tuple(
            LaterChange(
                at=row["at"],
                reason=TransferReason(row["reason"]),
                amount_micros=row["amount_micros"],
                lot_id=None if row["lot_id"] is None else str(row["lot_id"]),
            )
            for row in later
        ),
        refusal=_refusal(session, call),
        time_zone=organization.time_zone,
    )


def _is_kept(session: Session, organization: Organization, services: Services) -> bool:
    booking = session.terms.booking
    location = organization.country if booking is None else booking.usage_location
    since = services.reports.privacy.kept_since(location or organization.country, services.clock())
    return session.terms.authorised_at >= since


def _minutes(session: Session) -> MinutesPart | None:
    booking = session.terms.booking
    if booking is None or not booking.pool_key or not session.included_seconds:
        return None
    used = min(session.used_seconds, session.included_seconds)
    crossed = session.used_seconds > session.included_seconds
    return MinutesPart(
        pool=booking.pool_key,
        period=booking.pool_period,
        included_seconds=session.included_seconds,
        minutes=-(-used // 60),
        crossed_at=session.terms.authorised_at + timedelta(seconds=session.included_seconds) if crossed else None,
    )


def _money(session: Session, deck_name: str) -> MoneyPart | None:
    """What lies beyond the included seconds, by the rules of ``commcredits.core.covering.price_of``."""
    seconds = session.used_seconds - session.included_seconds
    rate = session.terms.rate
    # Emergency and included calls carry a rate of nothing, whose prefix is empty.
    if rate is None or not rate.prefix or seconds <= 0:
        return None
    began_at = session.terms.authorised_at + timedelta(seconds=session.included_seconds)
    return MoneyPart(
        began_at=began_at,
        seconds=seconds,
        rate=rate,
        sum=price_sum(rate, seconds, began_at),
        deck_name=deck_name,
    )


def _lots(session: Session) -> tuple[LotDrawn, ...]:
    return tuple(
        LotDrawn(
            lot_id=part.terms.lot_id,
            source=part.terms.source,
            purchased_at=part.terms.purchased_at,
            expires_at=part.terms.expires_at,
            drawn_micros=part.drawn_micros,
            held_micros=part.held_micros,
        )
        for part in session.parts
        if part.drawn_micros or part.held_micros
    )


def _limits(session: Session) -> tuple[LimitShare, ...]:
    return tuple(
        LimitShare(
            key=part.key,
            period=part.period,
            kind=LimitKind.CALLS if part.key.split(":")[0] == "calls" else LimitKind.MICROS,
            used=part.used,
            held=part.held,
        )
        for part in session.meter_parts
        if not part.key.startswith("pool:")
    )


def _steps(session: Session) -> Iterable[GrantStep]:
    for key, _content, outcome in session.memory:
        step = key.split(":", maxsplit=1)[0]
        if isinstance(outcome, Granted | Started):
            yield GrantStep(
                step=step,
                granted_seconds=outcome.granted_seconds,
                included_seconds=outcome.included_seconds,
                held_micros=outcome.held_micros,
                charged_micros=outcome.charged_micros,
                final=outcome.final,
            )
        elif isinstance(outcome, Ended | Recorded):
            yield GrantStep(
                step=step,
                granted_seconds=outcome.duration_seconds,
                included_seconds=outcome.pool_minutes * 60,
                held_micros=0,
                charged_micros=outcome.charged_micros,
                final=True,
            )


def _refusal(session: Session, call: CallRecord) -> Refused | None:
    """The answer that the call got when it was refused; telephone numbers among its facts as they may be shown."""
    if call.refusal is None:
        return None
    for key, _content, outcome in session.memory:
        if key == "authorise" and isinstance(outcome, Refused):
            shown = {session.terms.caller: call.caller, session.terms.callee: call.callee}
            facts = {
                name: shown.get(str(value), "") if name in _NUMBERS else value for name, value in outcome.facts.items()
            }
            keys = tuple(_shown_key(each, shown) for each in outcome.would_change_it)
            return Refused(code=outcome.code, facts=facts, would_change_it=keys)
    return Refused(code=call.refusal)


def _shown_key(key: str, shown: Mapping[str, str]) -> str:
    name, _, rest = key.partition(":")
    return f"{name}:{shown[rest]}" if rest in shown else key


async def _deck_name(connection: Connection, shard_id: int, session: Session) -> str:
    if session.terms.rate_deck_id is None:
        return ""
    name = await connection.fetchval(load_statement("name_rate_deck"), shard_id, session.terms.rate_deck_id)
    return str(name or "")


async def _user_name(connection: Connection, shard_id: int, organization_id: str, call: CallRecord) -> str:
    if call.user_id is None:
        return ""
    rows = await connection.fetch(load_statement("spending/name_parties"), shard_id, organization_id, [call.user_id])
    return rows[0]["user_principal_name"] if rows else ""
