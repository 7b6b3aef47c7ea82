"""What the usage report is asked for, read from its address, and written into addresses again.

Knows the fields of the filter, and that days are those of UTC. Refuses to know what the calls are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from starlette.datastructures import QueryParams

from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.portal.usage.columns import chosen_of
from commcredits.edges.translations import marked
from commcredits.operations.usage import PERIOD_DAYS_MAX

COLUMNS_COOKIE: Final = "commcredits_usage_columns"
PERIODS: Final = ("7", "28", "custom")
FIELDS: Final = ("days", "first", "last", "user", "call_type", "country", "capability", "charged")
CAPABILITIES: Final = (
    "MCOPSTNPP",
    "MCOPSTN1",
    "MCOPSTN2",
    "MCOPSTN5",
    "MCOPSTN6",
    "MCOPSTN8",
    "MCOMEETADD",
    "MCOMEETACPEA",
    "MCOMEETADD_DIALOUT_US",
    "FREECALL",
)

_VALUE_CHARACTERS_MAX: Final = 320
_DATE_CHARACTERS: Final = 10
_SEPARATOR: Final = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for: the fields as they stand in the form, the period, the columns."""

    form: FormView
    first: date
    last: date
    columns: tuple[str, ...]
    columns_in_address: bool
    is_full: bool
    cursor: str | None

    @property
    def begins(self) -> datetime:
        """The first instant of the period."""
        return datetime.combine(self.first, time(), UTC)

    def ends(self, now: datetime) -> datetime:
        """The last instant of the period: now, for one that reaches into the future."""
        return min(datetime.combine(self.last, time.max, UTC), max(now, self.begins))

    def query(self, **changed: str) -> tuple[tuple[str, str], ...]:
        """The same question as an address asks it; a field of ``changed`` in its place, an empty one left out."""
        fields = {name: value for name, value in self.form.values.items() if name in FIELDS and value}
        if self.is_full:
            fields["full"] = "yes"
        fields.update(changed)
        pairs = [(name, value) for name, value in fields.items() if value]
        if self.columns_in_address:
            pairs += [("column", column) for column in self.columns]
        return tuple(pairs)


def read_asked(params: QueryParams, cookie: str, now: datetime, speech: Speech) -> Asked:
    """What an address asks for; what is wrong with it is told by field."""
    values = {name: params.get(name, "").strip()[:_VALUE_CHARACTERS_MAX] for name in FIELDS}
    if values["days"] not in PERIODS:
        values["days"] = "custom" if values["first"] or values["last"] else PERIODS[0]
    today = now.astimezone(UTC).date()
    errors: dict[str, str] = {}
    if values["days"] == "custom":
        first, last = _day(values["first"]), _day(values["last"])
        for name, day in (("first", first), ("last", last)):
            if day is None:
                errors[name] = speech.say(marked("Choose a day."))
        if first is not None and last is not None:
            if last < first:
                errors["last"] = speech.say(marked("The last day is not before the first."))
            elif (last - first).days >= PERIOD_DAYS_MAX:
                errors["last"] = speech.say(marked("Choose at most one year."))
    else:
        first, last = today - timedelta(days=int(values["days"]) - 1), today
        values["first"], values["last"] = first.isoformat(), last.isoformat()
    named = params.getlist("column")
    return Asked(
        form=FormView(values=values, command_id="", errors=errors),
        first=first or today,
        last=last or today,
        columns=chosen_of(named or cookie.split(_SEPARATOR)),
        columns_in_address=bool(named),
        is_full=params.get("full") == "yes",
        cursor=params.get("cursor"),
    )


def written(columns: Sequence[str]) -> str:
    """The chosen columns as the cookie keeps them."""
    return _SEPARATOR.join(columns)


def _day(text: str) -> date | None:
    try:
        # The calendar has days before anything that could be told of; the report refuses them itself.
        return date.fromisoformat(text) if len(text) == _DATE_CHARACTERS else None
    except ValueError:
        return None
