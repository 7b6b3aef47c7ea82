"""The world's numbering plans as prefixes: the shortest ones from which country and kind of a number can be read.

The metadata says what numbers of a country and kind look like; a rate deck needs the opposite direction. This module
turns it around. Refuses to know prices, currencies and files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

from commcredits.edges.demo.number_patterns import ANY_DIGIT, DigitTemplate, digit_templates

NO_COUNTRY: Final = "001"
"""Stands for the country of calling codes that belong to none, such as +800 and +881 (UN M.49: the world)."""

NATIONAL_DIGITS_MAX: Final = 7
"""How far into the national number a prefix may reach; what is ambiguous even there is decided by precedence."""

RULE_DIGITS_MIN: Final = 2
"""National digits from which on ranges of one country that alternate are written as a rule and its exceptions."""


class NumberKind(StrEnum):
    """What sort of service answers a number.

    The order is the precedence where one prefix fits several kinds: special before ordinary, as the metadata's own
    library decides.
    """

    PREMIUM = "premium"
    TOLL_FREE = "toll_free"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    PERSONAL = "personal"
    PAGER = "pager"
    UNIVERSAL = "universal"
    VOICEMAIL = "voicemail"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    FIXED = "fixed"
    MOBILE = "mobile"


GEOGRAPHIC_KINDS: Final = frozenset({NumberKind.FIXED, NumberKind.MOBILE, NumberKind.FIXED_OR_MOBILE})
"""Numbers of a place or a person, as against services."""

_KIND_RANKS: Final = {kind: rank for rank, kind in enumerate(NumberKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRange:
    """Numbers that share a prefix, a country and a kind.

    ``prefix`` is E.164 without "+"; ``country`` is ISO 3166-1 alpha-2 or NO_COUNTRY. A longer prefix in the same plan
    overrules a shorter one.
    """

    prefix: str
    country: str
    kind: NumberKind


class _Owner(NamedTuple):
    """Who a number belongs to; the smaller owner wins where both would fit."""

    country_rank: int
    kind_rank: int

    @property
    def kind(self) -> NumberKind:
        return tuple(NumberKind)[self.kind_rank]


class _Candidate(NamedTuple):
    owner: _Owner
    template: DigitTemplate


def number_ranges() -> Iterator[NumberRange]:
    """Every range of every country and kind in the metadata, by calling code; no prefix comes twice."""
    for calling_code, countries in sorted(COUNTRY_CODE_TO_REGION_CODE.items()):
        prefixes = _shortest_prefixes("", list(_candidates(calling_code, countries)))
        for national_prefix, owner in sorted(prefixes.items()):
            yield NumberRange(
                prefix=f"{calling_code}{national_prefix}",
                country=countries[owner.country_rank],
                kind=owner.kind,
            )


def kind_descriptions(metadata: PhoneMetadata) -> dict[NumberKind, PhoneNumberDesc]:
    """The kinds of number a country has, with their patterns and example numbers."""
    fixed, mobile = metadata.fixed_line, metadata.mobile
    described = {
        NumberKind.PREMIUM: metadata.premium_rate,
        NumberKind.TOLL_FREE: metadata.toll_free,
        NumberKind.SHARED_COST: metadata.shared_cost,
        NumberKind.VOIP: metadata.voip,
        NumberKind.PERSONAL: metadata.personal_number,
        NumberKind.PAGER: metadata.pager,
        NumberKind.UNIVERSAL: metadata.uan,
        NumberKind.VOICEMAIL: metadata.voicemail,
    }
    if fixed and mobile and fixed.national_number_pattern == mobile.national_number_pattern:
        described[NumberKind.FIXED_OR_MOBILE] = fixed
    else:
        described |= {NumberKind.FIXED: fixed, NumberKind.MOBILE: mobile}
    return {kind: desc for kind, desc in described.items() if desc and desc.national_number_pattern}


def _candidates(calling_code: int, countries: Iterable[str]) -> Iterator[_Candidate]:
    """Templates of all countries that share a calling code, cut to their leading digits where they have some."""
    for country_rank, country in enumerate(countries):
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(calling_code, country)
        if metadata is None:
            continue
        leading = digit_templates(metadata.leading_digits or "", NATIONAL_DIGITS_MAX)
        for kind, description in kind_descriptions(metadata).items():
            owner = _Owner(country_rank, _KIND_RANKS[kind])
            for template in digit_templates(description.national_number_pattern or "", NATIONAL_DIGITS_MAX):
                for lead in leading:
                    narrowed = _led_by(template, lead)
                    if narrowed is not None:
                        yield _Candidate(owner, narrowed)


def _led_by(template: DigitTemplate, lead: DigitTemplate) -> DigitTemplate | None:
    """The part of the template whose numbers begin with the leading digits; None if there is none."""
    head = tuple(digits & allowed for digits, allowed in zip(template, lead, strict=False))
    if len(head) < len(lead) or not all(head):
        return None
    return head + template[len(lead) :]


def _shortest_prefixes(prefix: str, candidates: list[_Candidate]) -> dict[str, _Owner]:
    """Prefixes below this one and who owns each: splits digit by digit until one owner is left."""
    if not candidates:
        return {}
    if _is_decided(len(prefix), candidates):
        return {prefix: _winner(candidates)}
    depth = len(prefix)
    branches = {
        prefix + digit: _shortest_prefixes(
            prefix + digit,
            [each for each in candidates if len(each.template) > depth and digit in each.template[depth]],
        )
        for digit in sorted(ANY_DIGIT)
    }
    prefixes = {longer: owner for branch in branches.values() for longer, owner in branch.items()}
    whole_numbers = [each for each in candidates if len(each.template) == depth]
    if whole_numbers:
        prefixes[prefix] = _winner(whole_numbers)
    owners = set(prefixes.values())
    if len(owners) == 1:
        return {prefix: owners.pop()}
    is_one_country = len({owner.country_rank for owner in owners}) == 1
    if depth >= RULE_DIGITS_MIN and is_one_country and not whole_numbers:
        return _rule_with_exceptions(prefix, prefixes, branches)
    return prefixes


def _is_decided(depth: int, candidates: list[_Candidate]) -> bool:
    """Whether looking at more digits could change nothing, or may not be done."""
    first = min(each.owner for each in candidates)
    return (
        depth >= NATIONAL_DIGITS_MAX
        or all(each.owner == first for each in candidates)
        or any(each.owner == first and all(d == ANY_DIGIT for d in each.template[depth:]) for each in candidates)
    )


def _winner(candidates: list[_Candidate]) -> _Owner:
    """The first owner by precedence; fixed and mobile that no prefix can tell apart become one kind of their own."""
    owners = {each.owner for each in candidates}
    first = min(owners)
    rivals = {owner.kind for owner in owners if owner.country_rank == first.country_rank}
    if first.kind is NumberKind.FIXED and NumberKind.MOBILE in rivals:
        return _Owner(first.country_rank, _KIND_RANKS[NumberKind.FIXED_OR_MOBILE])
    return first


def _rule_with_exceptions(
    prefix: str, prefixes: dict[str, _Owner], branches: dict[str, dict[str, _Owner]]
) -> dict[str, _Owner]:
    """The same ranges in fewer prefixes: the commonest owner for the whole prefix, longer prefixes for the others.

    Only a geographic owner becomes the rule: what is not assigned inside inherits it, and must not inherit a service.
    """
    owners = Counter(branch[longer] for longer, branch in branches.items() if longer in branch)
    geographic = [owner for owner in owners if owner.kind in GEOGRAPHIC_KINDS]
    if not geographic:
        return prefixes
    rule = max(geographic, key=lambda owner: (owners[owner], owner))
    exceptions = {each: owner for each, owner in prefixes.items() if not (each in branches and owner == rule)}
    return {prefix: rule} | exceptions
