"""What of a call goes into the database as documents: whose it is, its share of meters, its price anew.

Knows the members that ``commit_batch.sql`` takes apart. Refuses to be an interface: no client ever sees these forms.
Most calls have no booking and no share and cost nothing here.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from commcredits.core.account import Booking, Session
from commcredits.core.commands import CallType
from commcredits.core.funds import Lots, Parts
from commcredits.core.meters import MeterPart
from commcredits.core.tariffs import PriceShape
from commcredits.storage.codec import encode_memory

_encode: Final = msgspec.json.Encoder().encode
_decode_shape: Final = msgspec.json.Decoder(PriceShape).decode
_decode_parts: Final = msgspec.json.Decoder(tuple[tuple[str, str, int, int], ...]).decode


def encode_share(session: Session) -> str:
    """A call's included seconds and its shares of meters."""
    document = {"included_seconds": session.included_seconds, "parts": _parts_text(session)}
    return _encode(document).decode()


def encode_booking(session: Session) -> str | None:
    """Whose call it is, and what of its rate is not flat; None when there is nothing to say."""
    terms = session.terms
    document: dict[str, Any] = {}
    if terms.booking is not None:
        booking = terms.booking
        document = {
            "row": booking.row,
            "call_type": booking.call_type,
            "party_id": booking.party_id or None,
            "department": booking.department,
            "usage_location": booking.usage_location,
            "other_country": booking.other_country,
            "domestic": booking.domestic,
            "capability": booking.capability,
            "conference_id": booking.conference_id,
            "pool_key": booking.pool_key,
            "pool_period": booking.pool_period,
            "user_id": booking.user_id or None,
        }
    if terms.rate is not None and terms.rate.origin_country:
        document["origin_country"] = terms.rate.origin_country
    if terms.rate is not None and terms.rate.shape is not None:
        document["shape"] = _encode(terms.rate.shape).decode()
    if session.owed_micros:
        document["owed_micros"] = session.owed_micros
    return _encode(document).decode() if document else None


def encode_repriced(session: Session) -> str:
    """An ended call's new rate and charge, and all that its steps in the same batch moved, by the names of columns."""
    rate = session.terms.rate
    assert rate is not None, "a call is priced anew by a rate"
    lot_ids, held, drawn = part_arrays(session.parts)
    document = {
        "rate_deck_id": session.terms.rate_deck_id,
        "rate_prefix": rate.prefix,
        "rate_destination": rate.destination,
        "price_per_minute_micros": rate.price_per_minute_micros,
        "connection_fee_micros": rate.connection_fee_micros,
        "first_increment_seconds": rate.first_increment_seconds,
        "next_increment_seconds": rate.next_increment_seconds,
        "rate_effective_from": rate.effective_from,
        "origin_country": rate.origin_country or None,
        "shape": None if rate.shape is None else _encode(rate.shape).decode(),
        "state": session.state,
        "grant_number": session.grant_number,
        "granted_seconds": session.granted_seconds,
        "final": session.final,
        "grant_ends_at": session.grant_ends_at,
        "included_seconds": session.included_seconds,
        "used_seconds": session.used_seconds,
        "overrun_seconds": session.overrun_seconds,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "charged_micros": session.charged_micros,
        "owed_micros": session.owed_micros,
        "part_lot_ids": lot_ids,
        "part_held": held,
        "part_drawn": drawn,
        "parts": _parts_text(session),
        "cause": session.cause,
        "memory": encode_memory(session.memory),
    }
    return _encode(document).decode()


def decode_shape(text: str | None) -> PriceShape | None:
    """The shape of a call's price; None for a flat one."""
    return None if text is None else _decode_shape(text)


def decode_meter_parts(text: str | None) -> tuple[MeterPart, ...]:
    """A call's shares of meters."""
    if text is None:
        return ()
    return tuple(
        MeterPart(key=key, period=period, held=held, used=used) for key, period, held, used in _decode_parts(text)
    )


def decode_booking(row: Any) -> Booking | None:
    """Whose call a row of ``call_sessions`` is; None for calls of organizations without people."""
    if row["call_type"] is None:
        return None
    return Booking(
        row=row["who_pays_row"],
        call_type=CallType(row["call_type"]),
        party_id="" if row["party_id"] is None else str(row["party_id"]),
        department=row["department"],
        usage_location=row["usage_location"],
        other_country=row["other_country"],
        domestic=row["domestic"],
        capability=row["capability"],
        conference_id=row["conference_id"],
        pool_key=row["pool_key"],
        pool_period=row["pool_period"],
        user_id="" if row["user_id"] is None else str(row["user_id"]),
    )


def lot_columns(before: Lots, lots: Lots) -> tuple[str | None, str | None, str | None]:
    """An account's lots, their free and their held amounts, as PostgreSQL array texts.

    The first is None where the lots are those that the row has. So are the amounts of an only lot, as nearly always:
    they are the account's own.
    """
    ids = None if _same_lots(before, lots) else _braced([lot.terms.lot_id for lot in lots])
    if len(lots) == 1:
        return ids, None, None
    return ids, _braced([str(lot.free_micros) for lot in lots]), _braced([str(lot.held_micros) for lot in lots])


def part_columns(before: Parts | None, parts: Parts) -> tuple[str | None, int | None, int | None]:
    """A call's shares of lots: lists as text, and what its only share holds and has drawn.

    The text is the lots, None where they are those that the row has (``before`` is None where there is no row); and of
    a call with several shares or none the lots, what they hold and what was drawn of them, between bars, no numbers.
    """
    if len(parts) == 1:
        part = parts[0]
        is_known = before is not None and len(before) == 1 and before[0].terms is part.terms
        return None if is_known else f"{{{part.terms.lot_id}}}", part.held_micros, part.drawn_micros
    return "|".join(part_arrays(parts)), None, None


def part_arrays(parts: Parts) -> tuple[str, str, str]:
    """A call's shares of lots as PostgreSQL array texts: the lots, what they hold, what was drawn of them."""
    return (
        _braced([part.terms.lot_id for part in parts]),
        _braced([str(part.held_micros) for part in parts]),
        _braced([str(part.drawn_micros) for part in parts]),
    )


def _braced(values: list[str]) -> str:
    return "{" + ",".join(values) + "}"


def _same_lots(before: Lots, lots: Lots) -> bool:
    """Whether these are known to be the same lots in the same order; terms never change, so that they are handed on."""
    if len(before) != len(lots):
        return False
    return all(known.terms is lot.terms for known, lot in zip(before, lots, strict=True))


def _parts_text(session: Session) -> str | None:
    if not session.meter_parts:
        return None
    return _encode([(part.key, part.period, part.held, part.used) for part in session.meter_parts]).decode()
