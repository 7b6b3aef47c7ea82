"""Writes the tables of docs/who-pays.md from those that decide, so that the page never says what is not so.

Knows the core's tables of payers, pools, policies and limits. Refuses to decide anything, and to write prose: that
stands in the page itself, around the places that name a table.

    python scripts/write_who_pays.py write    write the tables
    python scripts/write_who_pays.py check    exit 1 when one is not what the core says; changes nothing
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from commcredits.core import plans, policies
from commcredits.core.account import Booking
from commcredits.core.commands import CallType, Service
from commcredits.core.places import PLAN_COUNTRIES, ZONE_A
from commcredits.core.plans import (
    PLANS_BEST_FIRST,
    TABLE,
    US_AND_CANADA,
    Destination,
    Row,
    Situation,
    Source,
    capability,
    destination_of,
    ways_to_pay,
)
from commcredits.core.policies import LimitKind, allows, bindings_of
from commcredits.core.pools import minutes_per_licence
from commcredits.core.roster import (
    ConferenceDialOut,
    Licence,
    Limits,
    NumberKind,
    Party,
    PartyKind,
    Roster,
    UserDialOut,
)

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "who-pays.md"
PLACE: Final = re.compile(r"(<!-- written: (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)

Line = Sequence[str]


def rows() -> str:
    """The rows in the document's order."""
    head = ("#", "Situation", "1st", "2nd", "Else", "Booked to", "Credits licence on")
    return _table(head, (_row(row) for row in sorted(TABLE, key=lambda row: row.number)))


def _row(row: Row) -> Line:
    licence = "–"
    if row.second is not None:
        licence = _words(row.booked_to) if row.credits_licence else "not needed"
    otherwise = "–" if row.otherwise is plans.Otherwise.NOTHING else _words(row.otherwise)
    sources = (_words(row.first), _words(row.second))
    return str(row.number), row.situation, *sources, otherwise, _words(row.booked_to), licence


def questions() -> str:
    """What each row asks for, in the order of asking."""
    head = ("#", "Call types", "Plan", "Conferencing", "Own number", "Destination", "Also")
    return _table(head, (_asked(row) for row in TABLE))


def _asked(row: Row) -> Line:
    also = {
        "extended dial-out": row.extended_dial_out,
        "Zone A": row.zone_a,
        "US or Canada": row.us_or_canada,
        "shared calling": row.shared_calling,
    }
    return (
        str(row.number),
        _named(CallType, row.call_types, "`", "") or "–",
        _named(Licence, row.plans, "`", "no plan"),
        _named(Licence, row.conferencing, "`", "no licence"),
        _named(NumberKind, row.number_kinds, "", "not told"),
        _named(Destination, row.destinations, "", ""),
        ", ".join(("" if wanted else "not ") + name for name, wanted in also.items() if wanted is not None) or "any",
    )


def conferences() -> str:
    """The acceptance cases of domain.md §5, organizer and number called."""
    organizers = ("US", "US"), ("US", "GB"), ("GB", "GB"), ("GB", "US"), ("ZW", "US"), ("ZW", "GB")
    elsewhere = ("US", "ZW"), ("GB", "ZW"), ("ZW", "ZW"), ("CK", "CK")
    cases = (*organizers, ("CK", "US"), ("CK", "GB"), *elsewhere)
    return _table(("Organizer", "Destination", "Pays"), (_conference(*case) for case in cases))


def _conference(organizer: str, country: str) -> Line:
    ways = ways_to_pay(
        Situation(
            call_type=CallType.CONF_OUT,
            conferencing=Licence.AUDIO_CONFERENCING,
            destination=destination_of(organizer, country, "ordinary", PLAN_COUNTRIES),
            zone_a=country in ZONE_A,
            us_or_canada=country in US_AND_CANADA,
        )
    )
    return organizer, country, f"{_words(ways.first)}, then credits" if ways.first else "credits on all calls"


def pools() -> str:
    """The minutes of each licence."""
    head = ("Licence", "Code", "Minutes", "in US, PR, CA", "International", "Shared by")
    return _table(
        head, (_pool(licence) for licence in Licence if licence in PLANS_BEST_FIRST or _of_conferences(licence))
    )


def _of_conferences(licence: Licence) -> bool:
    return licence is Licence.AUDIO_CONFERENCING


def _pool(licence: Licence) -> Line:
    elsewhere, near = (minutes_per_licence(licence.value, country) for country in ("RO", "US"))
    international = minutes_per_licence(licence.value, "RO", international=True)
    shared = "same plan and country" if near else "–"
    if _of_conferences(licence):
        shared = "the whole organization"
    elif licence is Licence.DOMESTIC_120_UNPOOLED:
        shared = "nobody"
    has_two = licence is Licence.DOMESTIC_AND_INTERNATIONAL
    counts = (_count(elsewhere), _count(near), _count(international if has_two else 0))
    return licence.name.replace("_", " ").capitalize(), f"`{licence.value}`", *counts, shared


def capabilities() -> str:
    """The code that reports show for each source."""
    leg = Situation(call_type=CallType.CONF_OUT, conferencing=Licence.AUDIO_CONFERENCING)
    pay_per_minute = Situation(call_type=CallType.CONF_OUT, conferencing=Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE)
    codes = {
        "minutes of a calling plan": "the plan's own",
        "conference pool, toll dial-in": f"`{capability(Source.CONFERENCE_POOL, leg)}`",
        "extended dial-out": f"`{capability(Source.ADD_ON, leg)}`",
        "credits": f"`{capability(Source.CREDITS, leg)}`",
        "credits, for legs of pay-per-minute conferencing": f"`{capability(Source.CREDITS, pay_per_minute)}`",
    }
    return _table(("Paid by", "Capability"), codes.items())


def grid() -> str:
    """What each cell of the policy lets pass."""
    cells: tuple[ConferenceDialOut | UserDialOut, ...] = (*ConferenceDialOut, *UserDialOut)
    head = ("Axis", "Policy", "Own country", "Zone A", "Elsewhere", "Emergency")
    return _table(head, (_cell(cell) for cell in cells))


def _cell(cell: ConferenceDialOut | UserDialOut) -> Line:
    axis = "conference" if isinstance(cell, ConferenceDialOut) else "user"
    passed = ("yes" if allows(cell, "RO", country) else "refused" for country in ("RO", "DE", "KE"))
    return axis, f"`{cell.value}`", *passed, "yes"


def limits() -> str:
    """The meters that a user's call abroad, and a toll-free call to one, move with every limit set."""
    party = Party(
        party_id="<object id>", kind=PartyKind.USER, user_principal_name="", display_name="", usage_location="RO"
    )
    department = "<department>"
    every = Limits(
        calls_max=1,
        user_calls_max=1,
        user_monthly_max_micros=1,
        department_monthly_max_micros={department: 1},
        user_hourly_max_micros=1,
        destination_daily_max_micros=1,
        toll_free_caller_daily_max_micros=1,
    )
    called = Booking(
        row=3, call_type=CallType.USER_OUT, party_id=party.party_id, department=department, other_country="<country>"
    )
    found = {
        binding.key: binding
        for service in (Service.OUTBOUND, Service.TOLL_FREE_IN)
        for binding in bindings_of(
            Roster(version=1, limits=every),
            party,
            called,
            organization_country="RO",
            service=service,
            caller="<number>",
            at=datetime(2026, 11, 22, 20, 15, tzinfo=UTC),
            time_zone="UTC",
        )
    }
    periods = {"": "–", "2026-11": "month", "2026-11-22": "day", "2026-11-22T20": "hour"}
    lines = (
        (
            f"`{binding.key}`",
            "calls at once" if binding.kind is LimitKind.CALLS else "money",
            periods[binding.period],
            "refused" if binding.blocks is None else f"blocked: {_words(binding.blocks)}",
        )
        for binding in found.values()
    )
    return _table(("Meter", "Counts", "Period", "When reached"), lines)


def decided() -> str:
    """The sentences that the modules list as decided."""
    found: list[str] = []
    for module in (plans, policies):
        listed = (module.__doc__ or "").partition("\n- ")[2]
        found += [" ".join(sentence.split()) for sentence in listed.split("\n- ")]
    return "".join(f"- {sentence}\n" for sentence in found)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    written.__name__: written for written in (rows, questions, conferences, pools, capabilities, grid, limits, decided)
}


def _words(value: StrEnum | None) -> str:
    return "–" if value is None else value.value.replace("_", " ")


def _count(minutes: int) -> str:
    return f"{minutes:,}" if minutes else "–"


def _named(order: Iterable[StrEnum], asked: Iterable[StrEnum | None] | None, quote: str, without: str) -> str:
    if asked is None:
        return "any"
    among = set(asked)
    return ", ".join(
        [*(f"{quote}{value.value}{quote}" for value in order if value in among), *([without] if None in among else [])]
    )


def _table(head: Line, lines: Iterable[Line]) -> str:
    first, *others = (f"| {' | '.join(line)} |\n" for line in (head, *lines))
    return "".join((first, "|---" * len(head) + "|\n", *others))


def updated(page: str) -> str:
    """The page with every table as the core has it."""
    return PLACE.sub(lambda place: place[1] + TABLES[place[2]]() + place[3], page)


def problems() -> list[str]:
    """What is wrong with the page, a sentence each; empty when its tables are those of the core."""
    page = PAGE.read_text("utf-8")
    missing = sorted(set(TABLES) - {place[2] for place in PLACE.finditer(page)})
    found = [f"docs/who-pays.md has no place for the table {name!r}" for name in missing]
    if page != updated(page):
        found.append("docs/who-pays.md is not what the core says (run `python scripts/write_who_pays.py write`)")
    return found


def write() -> int:
    """Write the tables."""
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
    return check()


def check() -> int:
    """Print what is wrong; 0 when nothing is."""
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            sys.exit(write())
        case ["check"]:
            sys.exit(check())
        case _:
            sys.exit(__doc__)
