"""The dial-out policy as a table: where conferences and users may call, destination by destination.

Knows one example of each kind of destination, and asks the core, so that the table can never say other than a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commcredits.core.places import ZONE_A
from commcredits.core.policies import allows
from commcredits.core.pools import pool_country
from commcredits.core.roster import DialOutPolicy
from commcredits.edges.translations import marked

OUTSIDE: Final = "ZW"
"""A country outside of Zone A (domain.md §4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One kind of destination, a marked sentence, and who may call there."""

    destination: str
    conference: bool
    user: bool


def matrix(policy: DialOutPolicy, country: str, *, premium_allowed: bool) -> tuple[MatrixRow, ...]:
    """What a policy allows somebody in ``country``."""
    abroad = next(code for code in sorted(ZONE_A) if pool_country(code) != pool_country(country))
    outside = OUTSIDE if country != OUTSIDE else "ZM"
    places = (
        (marked("Own country"), country),
        (marked("Another country of Zone A"), abroad),
        (marked("A country outside of Zone A"), outside),
    )
    rows = [
        MatrixRow(
            destination=words,
            conference=allows(policy.conference, country, code),
            user=allows(policy.user, country, code),
        )
        for words, code in places
    ]
    premium = MatrixRow(
        destination=marked("Premium-rate numbers in the own country"),
        conference=premium_allowed and allows(policy.conference, country, country),
        user=premium_allowed and allows(policy.user, country, country),
    )
    emergency = MatrixRow(destination=marked("Emergency numbers"), conference=True, user=True)
    return (*rows, premium, emergency)
