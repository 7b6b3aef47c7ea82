"""Telephone numbers: the E.164 form, the short numbers that must always get through, and whose range a number is in.

Knows forms, and what the numbering metadata says of ranges. Refuses to know prices: those go by prefix
(commcredits.core.tariffs) and never by what kind of number the metadata takes it for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

E164: Final = re.compile(r"\+[1-9][0-9]{4,14}", re.ASCII)
"""International form, ITU-T E.164: a plus sign and 5 to 15 digits, the first not zero."""

EMERGENCY_NUMBERS: Final = frozenset(
    {
        "000",
        "110",
        "111",
        "112",
        "113",
        "114",
        "115",
        "117",
        "118",
        "119",
        "120",
        "122",
        "911",
        "995",
        "997",
        "998",
        "999",
    }
)
"""Short numbers of police, fire and ambulance services across countries; an operator can replace the set."""

REMEMBERED_NUMBERS_MAX: Final = 16_384
"""How many of the numbers classified last are known again without looking."""

_CALLING_CODE_DIGITS_MAX: Final = 3
_NO_COUNTRY: Final = "001"
"""The metadata's region of calling codes that belong to no country (UN M.49: the world)."""


class DialledKind(StrEnum):
    """What sort of range a number lies in (domain.md §4 and §5, row 8).

    Everything that is none of the others is ``ordinary``: fixed and mobile lines, internet telephony, personal numbers,
    pagers, company numbers, voice mail. ``unknown`` is a range that the metadata does not have.
    """

    ORDINARY = "ordinary"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    TOLL_FREE = "toll_free"
    SATELLITE = "satellite"
    UNKNOWN = "unknown"


class NumberFacts(Struct, frozen=True, kw_only=True, gc=False):
    """What a number's range says of it.

    ``country`` is ISO 3166-1 alpha-2, as the metadata has it (which also says XK, AC and TA); empty for numbers of no
    country, such as +800 and +881.
    """

    country: str
    kind: DialledKind


NOT_A_NUMBER: Final = NumberFacts(country="", kind=DialledKind.UNKNOWN)
"""What is said of text that is no number in international form, and of a calling code that nobody has."""

_KINDS_OF_NO_COUNTRY: Final[Mapping[int, DialledKind]] = MappingProxyType(
    {
        800: DialledKind.TOLL_FREE,
        808: DialledKind.SHARED_COST,
        870: DialledKind.SATELLITE,
        881: DialledKind.SATELLITE,
        979: DialledKind.PREMIUM,
    }
)
"""Calling codes that are one service as a whole (ITU-T E.164, list of assigned codes), also where the metadata lags."""

_SATELLITE_NETWORKS: Final = ("88213", "88216", "88220")
"""The satellite operators among the international networks of +882; the rest of +882 and +883 is ordinary."""


def is_e164(text: str) -> bool:
    """Whether the text is a number in international form."""
    return E164.fullmatch(text) is not None


def classify(number: str) -> NumberFacts:
    """Country and kind of a number in international form, whatever the text: never raises.

    A number in no range of the metadata, which lags behind the world, is of kind ``unknown`` and counts for the main
    country of its calling code. Costs about a tenth of a microsecond for a number seen lately, some microseconds for
    another, and some milliseconds for the first of a calling code in a process.
    """
    # Looked at before the memory is, so that it never keeps what is no number.
    return _classify(number) if E164.fullmatch(number) else NOT_A_NUMBER


@lru_cache(maxsize=REMEMBERED_NUMBERS_MAX)
def _classify(number: str) -> NumberFacts:
    for end in range(2, _CALLING_CODE_DIGITS_MAX + 2):
        calling_code = int(number[1:end])
        regions = COUNTRY_CODE_TO_REGION_CODE.get(calling_code)
        if regions is not None:
            break
    else:
        return NOT_A_NUMBER
    kind = _KINDS_OF_NO_COUNTRY.get(calling_code)
    if kind is not None:
        return _facts("", kind)
    if number.startswith(_SATELLITE_NETWORKS, 1):
        return _facts("", DialledKind.SATELLITE)
    national = number[end:]
    for country in regions:
        ranges = _ranges_of(calling_code, country)
        # Countries that share a calling code are told apart by leading digits where the metadata has them, else by
        # their ranges.
        if ranges.leading is not None and len(regions) > 1 and not ranges.leading.match(national):
            continue
        kind = ranges.kind_of(national)
        if ranges.leading is not None or kind is not DialledKind.UNKNOWN:
            return _facts(country, kind)
    return _facts(regions[0], DialledKind.UNKNOWN)


@cache
def _facts(country: str, kind: DialledKind) -> NumberFacts:
    """One object for all numbers of which the same is said, so that remembering many costs little."""
    return NumberFacts(country="" if country == _NO_COUNTRY else country, kind=kind)


class _Shape(Struct, frozen=True, kw_only=True, gc=False):
    """What national numbers of one sort look like; no lengths: whatever the pattern allows."""

    lengths: tuple[int, ...]
    pattern: re.Pattern[str]

    def fits(self, national: str) -> bool:
        """Whether this national number, without its calling code, looks so."""
        if self.lengths and len(national) not in self.lengths:
            return False
        return self.pattern.fullmatch(national) is not None


class _Ranges(Struct, frozen=True, kw_only=True, gc=False):
    """The ranges of one country: any at all, the special kinds in the order in which they are asked, all others.

    ``leading`` begins every number of a country that shares its calling code, where the metadata says it.
    """

    leading: re.Pattern[str] | None
    any: _Shape
    special: tuple[tuple[DialledKind, _Shape], ...]
    ordinary: tuple[_Shape, ...]

    def kind_of(self, national: str) -> DialledKind:
        """The kind of a national number."""
        if not self.any.fits(national):
            return DialledKind.UNKNOWN
        for kind, shape in self.special:
            if shape.fits(national):
                return kind
        for shape in self.ordinary:
            if shape.fits(national):
                return DialledKind.ORDINARY
        return DialledKind.UNKNOWN


@cache
def _ranges_of(calling_code: int, country: str) -> _Ranges:
    """A country's ranges, made ready to be asked; there are as many as the metadata has countries.

    The patterns are compiled here and kept, because the library's own look-up compiles them anew whenever calls to many
    countries have pushed them out of the standard library's memory of patterns.
    """
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, country)
    assert metadata is not None, "the metadata has every country that it names"
    special = (
        (DialledKind.PREMIUM, metadata.premium_rate),
        (DialledKind.TOLL_FREE, metadata.toll_free),
        (DialledKind.SHARED_COST, metadata.shared_cost),
    )
    # All of these say the same of a number, so the commonest stand first.
    ordinary = (
        metadata.mobile,
        metadata.fixed_line,
        metadata.voip,
        metadata.personal_number,
        metadata.uan,
        metadata.pager,
        metadata.voicemail,
    )
    general = _shape_of(metadata.general_desc)
    assert general is not None, "every country has numbers"
    return _Ranges(
        leading=re.compile(metadata.leading_digits) if metadata.leading_digits else None,
        any=general,
        special=tuple((kind, shape) for kind, described in special if (shape := _shape_of(described)) is not None),
        # Some countries have one range for several of them.
        ordinary=tuple(dict.fromkeys(shape for described in ordinary if (shape := _shape_of(described)) is not None)),
    )


def _shape_of(described: PhoneNumberDesc | None) -> _Shape | None:
    """What a description says, ready to be asked; None when the country has no such numbers."""
    if described is None or not described.national_number_pattern:
        return None
    return _Shape(
        lengths=tuple(described.possible_length), pattern=re.compile(described.national_number_pattern, re.ASCII)
    )
