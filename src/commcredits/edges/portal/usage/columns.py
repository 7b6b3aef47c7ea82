"""The columns of the usage report: which there are, which are shown, and what a row says in each.

Knows words and forms. Refuses to know where rows come from. Times are UTC, as ISO 8601 has them (domain.md §7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.core.calendar import instant_text
from commcredits.edges.portal.reports.words import CALL_TYPES
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked
from commcredits.operations.call_records import NumberType, UsageRow

COLUMNS: Final[Mapping[str, str]] = {
    "time": marked("Time stamp (UTC)"),
    "display_name": marked("Display name"),
    "username": marked("Username"),
    "phone_number": marked("Phone number"),
    "call_type": marked("Call type"),
    "called_to": marked("Called to"),
    "to_country": marked("To country"),
    "called_from": marked("Called from"),
    "from_country": marked("From country"),
    "charge": marked("Charge"),
    "connection_fee": marked("Connection fee"),
    "currency": marked("Currency"),
    "duration": marked("Duration"),
    "context": marked("Domestic/International"),
    "call_id": marked("Call ID"),
    "number_type": marked("Number type"),
    "usage_location": marked("Usage location"),
    "conference_id": marked("Conference ID"),
    "capability": marked("Capability"),
}
"""Every column by its name in addresses, in order."""

DEFAULT: Final = ("time", "display_name", "call_type", "called_to", "to_country", "duration", "capability", "charge")
"""What is shown to whoever has chosen nothing."""

NUMBER_TYPES: Final[Mapping[NumberType, str]] = {
    NumberType.SUBSCRIBER: marked("User number"),
    NumberType.SERVICE: marked("Service number"),
    NumberType.TOLL_FREE: marked("Toll-free number"),
}
NO_DATA: Final = marked("No data")

_DOMESTIC: Final = marked("Domestic")
_INTERNATIONAL: Final = marked("International")
_AT_THE_END: Final = frozenset({"charge", "connection_fee", "duration"})
_IN_ONE_LINE: Final = frozenset({"time", "phone_number", "called_to", "called_from", "duration", "charge"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in a cell; without text there is no data. ``style`` are classes."""

    column: str
    label: str
    text: str
    style: str


def chosen_of(names: Iterable[str]) -> tuple[str, ...]:
    """The columns of these names that there are, in their order; the usual ones where none is."""
    wanted = set(names)
    return tuple(name for name in COLUMNS if name in wanted) or DEFAULT


def cells_of(row: UsageRow, columns: tuple[str, ...], speech: Speech) -> tuple[Cell, ...]:
    """A row's cells."""
    texts = _texts(row, speech)
    return tuple(
        Cell(column=name, label=speech.say(COLUMNS[name]), text=texts[name], style=style_of(name)) for name in columns
    )


def style_of(name: str) -> str:
    """The classes of a column."""
    return " ".join(style for style, names in (("end", _AT_THE_END), ("nowrap", _IN_ONE_LINE)) if name in names)


def _texts(row: UsageRow, speech: Speech) -> dict[str, str]:
    formats = speech.formats
    to, of = (row.own_country, row.external_country) if row.inbound else (row.external_country, row.own_country)
    context = "" if row.domestic is None else speech.say(_DOMESTIC if row.domestic else _INTERNATIONAL)
    return {
        "time": instant_text(row.started_at.replace(microsecond=0)),
        "display_name": row.display_name,
        "username": row.user_principal_name,
        "phone_number": formats.phone(row.own_number),
        "call_type": speech.say(CALL_TYPES[row.call_type]),
        "called_to": formats.phone(row.callee),
        "to_country": formats.country(to) if to else "",
        "called_from": formats.phone(row.caller),
        "from_country": formats.country(of) if of else "",
        "charge": formats.money(row.charge_micros, row.currency),
        "connection_fee": formats.money(row.fee_micros, row.currency),
        "currency": row.currency,
        "duration": formats.duration(row.duration_seconds),
        "context": context,
        "call_id": row.call_id,
        "number_type": speech.say(NUMBER_TYPES[row.number_type]),
        "usage_location": formats.country(row.user_location) if row.user_location else "",
        "conference_id": row.conference_id,
        "capability": row.capability,
    }
