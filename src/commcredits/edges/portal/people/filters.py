"""The filter of a list of people: read from an address or a form, written back into links and hidden fields.

Knows the names of its fields. Refuses to know what the filter finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from commcredits.core.roster import Licence, PartyKind
from commcredits.edges.portal.roster_words import LICENCES
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked
from commcredits.operations.people import USER_PRINCIPAL_NAME_CHARACTERS_MAX, is_country
from commcredits.operations.people_lists import Group, PeopleFilter, PeopleGroups

TEXT: Final = "text"
DEPARTMENT: Final = "department"
COUNTRY: Final = "country"
LICENCE: Final = "licence"
NONE: Final = "-"
"""Stands in a list of choices for who has no department, no country, or no licence of the one that follows."""

NO_COUNTRY: Final = marked("No country")

NAMES: Final = (TEXT, DEPARTMENT, COUNTRY, LICENCE)


def read_filter(fields: Mapping[str, str], kind: PartyKind) -> PeopleFilter:
    """The filter that these fields name; what cannot be one is left out, so that every address shows a list."""
    text = " ".join(fields.get(TEXT, "").split())[:USER_PRINCIPAL_NAME_CHARACTERS_MAX]
    found = PeopleFilter(kind=kind, text=text)
    if found.refusal() is not None:
        found = replace(found, text="")
    department = fields.get(DEPARTMENT, "")
    if department:
        # A department can be called "-": with a second one before it, it is meant.
        name = "" if department == NONE else department.removeprefix(f"{NONE}:")
        narrowed = replace(found, department=name)
        found = found if narrowed.refusal() else narrowed
    country = fields.get(COUNTRY, "")
    if country == NONE or is_country(country):
        found = replace(found, country="" if country == NONE else country)
    licence = fields.get(LICENCE, "")
    without = licence.startswith(NONE)
    if licence.removeprefix(NONE) in tuple(Licence):
        code = licence.removeprefix(NONE)
        found = replace(found, without_licence=code) if without else replace(found, licence=code)
    return found


def written(narrowed: PeopleFilter) -> dict[str, str]:
    """The fields that ``read_filter`` reads this filter from; those that narrow nothing are left out."""
    fields = {TEXT: narrowed.text}
    if narrowed.department is not None:
        fields[DEPARTMENT] = f"{NONE}:{narrowed.department}" if narrowed.department else NONE
    if narrowed.country is not None:
        fields[COUNTRY] = narrowed.country or NONE
    fields[LICENCE] = narrowed.licence or (f"{NONE}{narrowed.without_licence}" if narrowed.without_licence else "")
    return {name: value for name, value in fields.items() if value}


def shown(narrowed: PeopleFilter) -> dict[str, str]:
    """What stands in the filter's fields."""
    return {**dict.fromkeys(NAMES, ""), **written(narrowed)}


Options = tuple[tuple[str, str], ...]
"""What can be chosen in a list: values and words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the filter's fields offer."""

    licences: Options
    departments: Options
    countries: Options


def choices(groups: PeopleGroups, speech: Speech) -> Choices:
    """What there is to narrow a list to, with how many people each leaves."""
    formats = speech.formats

    def counted(words: str, group: Group) -> str:
        return f"{words} ({formats.count(group.people)})"

    without = f"{NONE}{Licence.COMMUNICATIONS_CREDITS.value}"
    return Choices(
        licences=(
            *((licence.value, speech.say(words)) for licence, words in LICENCES.items()),
            (without, speech.say(marked("Without Communications Credits"))),
        ),
        departments=tuple(
            (f"{NONE}:{each.name}", counted(each.name, each))
            if each.name
            else (NONE, counted(speech.say(marked("No department")), each))
            for each in groups.departments
        ),
        countries=tuple(
            (each.name or NONE, counted(formats.country(each.name) if each.name else speech.say(NO_COUNTRY), each))
            for each in groups.countries
        ),
    )
