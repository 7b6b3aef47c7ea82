"""How far a call may go: minutes of its pool first, then money, under every limit that binds it.

Knows what is left of pools, funds and caps, and what a call holds of them. Refuses to know who may call whom
(commcredits.core.admission) and in which state a call is (commcredits.core.charging).

A call crosses from its pool to money once: from then on its included seconds stand, whatever the pool gets back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from msgspec import Struct

from commcredits.core.account import SessionTerms
from commcredits.core.meters import Meter, MeterId, MeterPart, left_of, move, read_meter
from commcredits.core.money import divide_up
from commcredits.core.policies import Binding, LimitKind
from commcredits.core.rating import CALL_SECONDS_MAX, affordable_seconds, billed_seconds, price_micros

SECONDS_PER_MINUTE: Final = 60
"""Pools count started minutes (domain.md §4)."""


class Bounds(Struct, frozen=True, kw_only=True, gc=False):
    """What is left for one call beyond what it holds already.

    ``pool_minutes`` of its minute pool; ``money_micros`` of the funds and of every cap, whichever is least, and
    ``money_bound_by`` the cap that is; None when it is the funds.
    """

    pool_minutes: int
    money_micros: int
    money_bound_by: Binding | None = None


class Cover(Struct, frozen=True, kw_only=True, gc=False):
    """What a call is granted: its first ``included_seconds`` by the pool, the rest up to ``granted_seconds`` by money.

    ``price_micros`` is what the money part costs in all, and ``more_micros`` by how much that is more than before.
    ``final`` when there is no more to be had now, within ``bounds``.
    """

    included_seconds: int
    granted_seconds: int
    price_micros: int
    more_micros: int
    final: bool
    bounds: Bounds


def pool_minutes(included_seconds: int, used_seconds: int) -> int:
    """The started minutes of its pool that a call which has come so far has used."""
    return divide_up(min(used_seconds, included_seconds), SECONDS_PER_MINUTE)


def price_of(terms: SessionTerms, included_seconds: int, seconds: int) -> int:
    """What money pays of a call that has come so far, in millionths: what lies beyond its included seconds.

    The money part begins anew at the crossing, with connection fee and first increment, at the rate and in the band of
    the call's clock then (domain.md §4).
    """
    rate = terms.rate
    if rate is None:
        return 0
    if included_seconds == 0:
        return price_micros(rate, seconds, terms.authorised_at)
    began_at = terms.authorised_at + timedelta(seconds=included_seconds)
    return price_micros(rate, max(0, seconds - included_seconds), began_at)


def cover(
    terms: SessionTerms, included_seconds: int, granted_seconds: int, wanted_seconds: int, bounds: Bounds
) -> Cover:
    """Extend a call, which was granted this much so far, to what is wanted or as far as it goes; never backwards."""
    included, granted = included_seconds, granted_seconds
    booking = terms.booking
    if booking is not None and booking.pool_key and granted <= included:
        minutes = divide_up(min(wanted_seconds, CALL_SECONDS_MAX), SECONDS_PER_MINUTE)
        held = included // SECONDS_PER_MINUTE
        included = (held + max(0, min(minutes - held, bounds.pool_minutes))) * SECONDS_PER_MINUTE
        granted = included
    rate = terms.rate
    before = price = price_of(terms, included, granted) if granted > included else 0
    final = False
    if wanted_seconds > granted:
        if rate is None:
            final = True
        else:
            wanted = included + billed_seconds(rate, min(wanted_seconds, CALL_SECONDS_MAX) - included)
            wanted_micros = price_of(terms, included, wanted)
            most = price + bounds.money_micros
            if wanted_micros > most:
                final = True
                began_at = terms.authorised_at + timedelta(seconds=included)
                wanted = included + affordable_seconds(rate, most, began_at)
                wanted_micros = price_of(terms, included, wanted)
            if wanted > granted:
                granted, price = wanted, wanted_micros
    return Cover(
        included_seconds=included,
        granted_seconds=granted,
        price_micros=price,
        more_micros=price - before,
        final=final,
        bounds=bounds,
    )


def bounds_of(
    available_micros: int,
    bindings: Iterable[Binding],
    meters: Mapping[MeterId, Meter],
    pool_left_minutes: int,
) -> Bounds:
    """What funds, caps and the pool leave for a call."""
    least, bound_by = available_micros, None
    for binding in bindings:
        if binding.kind is LimitKind.MICROS:
            left = left_of(read_meter(meters, binding.key, binding.period), binding.limit)
            if left < least:
                least, bound_by = left, binding
    return Bounds(pool_minutes=pool_left_minutes, money_micros=least, money_bound_by=bound_by)


def share_out(
    terms: SessionTerms,
    parts: tuple[MeterPart, ...],
    meters: Mapping[MeterId, Meter],
    *,
    included_seconds: int,
    used_seconds: int,
    granted_seconds: int,
    live: bool,
) -> tuple[tuple[MeterPart, ...], tuple[Meter, ...]]:
    """A call's shares of its meters at this point: what it has used, and, while it is live, what it holds beyond that.

    Returns the shares and the meters that moved.
    """
    if not parts:
        return parts, ()
    pool_id = None if terms.booking is None else (terms.booking.pool_key, terms.booking.pool_period)
    minutes_used = pool_minutes(included_seconds, used_seconds)
    minutes_held = included_seconds // SECONDS_PER_MINUTE - minutes_used
    charged = price_of(terms, included_seconds, used_seconds)
    held = price_of(terms, included_seconds, granted_seconds) - charged
    shares: list[MeterPart] = []
    moved: list[Meter] = []
    for part in parts:
        if part.meter_id == pool_id:
            share = (minutes_held if live else 0, minutes_used)
        elif part.key == "calls" or part.key.startswith("calls:"):
            share = (1 if live else 0, 0)
        else:
            share = (held if live else 0, charged)
        if share == (part.held, part.used):
            shares.append(part)
            continue
        meter, after = move(read_meter(meters, part.key, part.period), part, held=share[0], used=share[1])
        shares.append(after)
        moved.append(meter)
    return tuple(shares), tuple(moved)
