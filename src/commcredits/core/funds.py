"""Fund lots: the order in which they are used, what is held on them, and when they expire.

Knows one organization's lots as a tuple in order of use. Refuses to know calls and prices: it moves amounts between
*free* and *held*, and says from which lot each millionth came. Promotional before paid, then earliest expiry, then
oldest. A lot's free part is worth nothing from the instant of its expiry; what a running call holds of it is pinned
until that hold is used or released (domain.md §3).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

LOTS_MAX: Final = 1_000
"""Most lots with anything left that an organization may keep; further purchases are refused."""


class LotSource(StrEnum):
    """Where a lot's money came from."""

    MANUAL = "manual"
    AUTO_RECHARGE = "auto_recharge"
    PROMOTION = "promotion"
    OPENING_BALANCE = "opening_balance"
    ADJUSTMENT = "adjustment"
    POST_USAGE = "post_usage"
    """No funds but a line of credit, paid after use; drawn when nothing else is left."""


class LotTerms(Struct, frozen=True, kw_only=True, gc=False):
    """What never changes about a lot."""

    lot_id: str
    source: LotSource
    purchased_at: datetime
    expires_at: datetime


class Lot(Struct, frozen=True, kw_only=True, gc=False):
    """A lot with what is left of it: ``free_micros`` may be held or spent, ``held_micros`` is set aside for calls."""

    terms: LotTerms
    free_micros: int
    held_micros: int


class LotPart(Struct, frozen=True, kw_only=True, gc=False):
    """One call's share of one lot: what it holds now and what it has drawn so far."""

    terms: LotTerms
    held_micros: int
    drawn_micros: int


Lots = tuple[Lot, ...]
Parts = tuple[LotPart, ...]


_RANKS: Final = {LotSource.PROMOTION: 0, LotSource.POST_USAGE: 2}


def order_of_use(terms: LotTerms) -> tuple[int, datetime, datetime, str]:
    """The sort key by which lots are used up: promotional ones first, a line of credit last."""
    return (_RANKS.get(terms.source, 1), terms.expires_at, terms.purchased_at, terms.lot_id)


def available_micros(lots: Lots, now: datetime) -> int:
    """What new calls may hold: the free part of every lot that has not expired."""
    total = 0
    for lot in lots:
        if lot.terms.expires_at > now:
            total += lot.free_micros
    return total


def own_micros(lots: Lots, now: datetime) -> int:
    """The free part of what was bought or given: what is available, but for a line of credit."""
    total = 0
    for lot in lots:
        if lot.terms.expires_at > now and lot.terms.source is not LotSource.POST_USAGE:
            total += lot.free_micros
    return total


def held_micros(lots: Lots) -> int:
    """What running calls hold, pinned parts of expired lots included."""
    return sum(lot.held_micros for lot in lots)


def posted_micros(lots: Lots, now: datetime) -> int:
    """What is left: available and held together."""
    return available_micros(lots, now) + held_micros(lots)


def add(lots: Lots, lot: Lot) -> Lots:
    """The lots with one more, in order of use."""
    return tuple(sorted((*lots, lot), key=lambda each: order_of_use(each.terms)))


def hold(lots: Lots, parts: Parts, amount_micros: int, now: datetime) -> tuple[Lots, Parts]:
    """Set an amount aside for a call: free becomes held, first lot first; the call's parts grow accordingly.

    The caller has checked that the amount is available; ValueError otherwise, and for a negative amount: bugs both.
    """
    wanted = _not_negative(amount_micros)
    after = list(lots)
    grown = list(parts)
    for index, lot in enumerate(lots):
        if wanted == 0:
            break
        if lot.free_micros == 0 or lot.terms.expires_at <= now:
            continue
        taken = min(wanted, lot.free_micros)
        wanted -= taken
        after[index] = Lot(terms=lot.terms, free_micros=lot.free_micros - taken, held_micros=lot.held_micros + taken)
        _grow(grown, lot.terms, taken)
    if wanted:
        raise ValueError(f"hold of {amount_micros} exceeds what is available by {wanted}")
    return tuple(after), tuple(grown)


def draw(lots: Lots, parts: Parts, amount_micros: int) -> tuple[Lots, Parts, tuple[tuple[str, int], ...]]:
    """Spend from what a call holds, oldest part first.

    Returns lots, parts, and what was drawn of which lot id. ValueError when more is drawn than held, or less than
    nothing: bugs both.
    """
    wanted = _not_negative(amount_micros)
    if not wanted:
        return lots, parts, ()
    after = list(lots)
    shrunk: list[LotPart] = []
    drawn: list[tuple[str, int]] = []
    for part in parts:
        taken = min(wanted, part.held_micros)
        if taken == 0:
            shrunk.append(part)
            continue
        wanted -= taken
        _change(after, part.terms, free_micros=0, held_micros=-taken)
        drawn.append((part.terms.lot_id, taken))
        shrunk.append(
            LotPart(terms=part.terms, held_micros=part.held_micros - taken, drawn_micros=part.drawn_micros + taken)
        )
    if wanted:
        raise ValueError(f"draw of {amount_micros} exceeds what is held by {wanted}")
    return tuple(after), tuple(shrunk), tuple(drawn)


def release(lots: Lots, parts: Parts) -> tuple[Lots, Parts]:
    """Give back all that a call still holds. On an expired lot it becomes free, and so breakage (see ``expire``)."""
    after = list(lots)
    emptied: list[LotPart] = []
    for part in parts:
        if part.held_micros == 0:
            emptied.append(part)
            continue
        _change(after, part.terms, free_micros=part.held_micros, held_micros=-part.held_micros)
        emptied.append(LotPart(terms=part.terms, held_micros=0, drawn_micros=part.drawn_micros))
    return tuple(after), tuple(emptied)


def restore(lots: Lots, parts: Parts, amount_micros: int) -> tuple[Lots, Parts, tuple[tuple[str, int], ...]]:
    """Undo a draw, last part first: the amount is free again on the lots that it came from.

    Returns lots, parts, and what went back to which lot id. ValueError when more is restored than was drawn, or less
    than nothing: bugs both.
    """
    wanted = _not_negative(amount_micros)
    after = list(lots)
    shrunk = list(parts)
    restored: list[tuple[str, int]] = []
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        given = min(wanted, part.drawn_micros)
        if not given:
            continue
        wanted -= given
        _change(after, part.terms, free_micros=given, held_micros=0)
        restored.append((part.terms.lot_id, given))
        shrunk[index] = LotPart(terms=part.terms, held_micros=part.held_micros, drawn_micros=part.drawn_micros - given)
    if wanted:
        raise ValueError(f"restoring {amount_micros} exceeds what was drawn by {wanted}")
    return tuple(after), tuple(shrunk), tuple(restored)


def take_free(lots: Lots, lot_id: str, amount_micros: int) -> Lots:
    """The lots with so much less free in one of them. ValueError when it has less, or for a negative amount: bugs."""
    wanted = _not_negative(amount_micros)
    for index, lot in enumerate(lots):
        if lot.terms.lot_id == lot_id and lot.free_micros >= wanted:
            less = Lot(terms=lot.terms, free_micros=lot.free_micros - wanted, held_micros=lot.held_micros)
            return (*lots[:index], less, *lots[index + 1 :])
    raise ValueError(f"lot {lot_id} has no {wanted} that are free")


def give_free(lots: Lots, terms: LotTerms, amount_micros: int) -> Lots:
    """The lots with so much more free in one of them, which may have been forgotten as empty."""
    after = list(lots)
    _change(after, terms, free_micros=_not_negative(amount_micros), held_micros=0)
    return tuple(after)


def expire(lots: Lots, now: datetime) -> tuple[Lots, tuple[tuple[str, int], ...]]:
    """Forfeit the free part of every expired lot, and forget lots with nothing left.

    Returns the lots and the breakage as (lot id, amount) pairs. Returns the same tuple when nothing is to be done.
    """
    for lot in lots:
        if (lot.free_micros and lot.terms.expires_at <= now) or not (lot.free_micros or lot.held_micros):
            break
    else:
        return lots, ()
    kept: list[Lot] = []
    breakage: list[tuple[str, int]] = []
    for lot in lots:
        if lot.free_micros and lot.terms.expires_at <= now:
            breakage.append((lot.terms.lot_id, lot.free_micros))
            if lot.held_micros:
                kept.append(Lot(terms=lot.terms, free_micros=0, held_micros=lot.held_micros))
        elif lot.free_micros or lot.held_micros:
            kept.append(lot)
    return tuple(kept), tuple(breakage)


def _not_negative(amount_micros: int) -> int:
    """The amount; a negative one would move money the other way without anybody noticing."""
    if amount_micros < 0:
        raise ValueError(f"an amount of {amount_micros} cannot be set aside, spent or given back")
    return amount_micros


def _grow(parts: list[LotPart], terms: LotTerms, amount_micros: int) -> None:
    """Add to the call's part of that lot; a new part goes last, so that older holds are drawn first."""
    for index, part in enumerate(parts):
        if part.terms.lot_id == terms.lot_id:
            parts[index] = LotPart(
                terms=part.terms, held_micros=part.held_micros + amount_micros, drawn_micros=part.drawn_micros
            )
            return
    parts.append(LotPart(terms=terms, held_micros=amount_micros, drawn_micros=0))


def _change(lots: list[Lot], terms: LotTerms, *, free_micros: int, held_micros: int) -> None:
    """Move a lot's amounts by these differences; a lot that was forgotten as empty comes back in its place."""
    for index, lot in enumerate(lots):
        if lot.terms.lot_id == terms.lot_id:
            lots[index] = Lot(
                terms=lot.terms,
                free_micros=lot.free_micros + free_micros,
                held_micros=lot.held_micros + held_micros,
            )
            return
    lots.append(Lot(terms=terms, free_micros=free_micros, held_micros=held_micros))
    lots.sort(key=lambda each: order_of_use(each.terms))
