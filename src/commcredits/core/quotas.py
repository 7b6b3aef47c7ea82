"""How many telephone numbers an organization may have, by how many licences it has assigned.

Knows two tables and which licences count (domain.md §4). Refuses to know who has licences and numbers: operations
count.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from commcredits.core.roster import Licence

COUNTED_LICENCES: Final = frozenset(
    {
        Licence.DOMESTIC_120,
        Licence.DOMESTIC_240,
        Licence.DOMESTIC,
        Licence.DOMESTIC_AND_INTERNATIONAL,
        Licence.DOMESTIC_120_UNPOOLED,
        Licence.PAY_AS_YOU_GO_1,
        Licence.PAY_AS_YOU_GO_2,
        Licence.AUDIO_CONFERENCING,
        Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE,
    }
)
"""Calling Plans and Audio Conferencing, assigned to users. The others are additions to these, or free without limit."""

SERVICE_NUMBER_QUOTAS: Final = (
    (1, 5),
    (26, 10),
    (50, 20),
    (100, 30),
    (150, 40),
    (200, 65),
    (500, 90),
    (750, 110),
    (1_000, 125),
    (1_250, 135),
    (1_500, 160),
    (2_000, 210),
    (3_000, 420),
    (7_000, 500),
    (10_000, 600),
    (15_000, 700),
    (20_000, 1_000),
    (50_000, 1_500),
)
"""From so many licences on, so many service numbers, toll and toll-free together."""

_STEPS: Final = tuple(licences for licences, _ in SERVICE_NUMBER_QUOTAS)


def service_number_quota(licences: int) -> int:
    """How many service numbers so many licences allow; none without a licence (domain.md §4)."""
    step = bisect_right(_STEPS, licences)
    return SERVICE_NUMBER_QUOTAS[step - 1][1] if step else 0


def user_number_quota(licences: int) -> int:
    """How many user numbers so many licences allow: 1.1 for each and 10 more, rounded down; 50 allow 65.

    None without a licence: the ten are to spare for those who hold one (domain.md §4).
    """
    return licences * 11 // 10 + 10 if licences > 0 else 0
