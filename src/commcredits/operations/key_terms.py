"""What the keys of programs rest on: the operator's choices.

Knows their types and what holds where nobody chose. Refuses to know who reads them from settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTerms:
    """How many days a key may last at most; whether directories may speak SCIM, and which groups carry which licences.

    ``group_licences`` maps the display name of a group, in small letters, to capabilities (domain.md §4).
    """

    days_max: int = 730
    scim: bool = False
    group_licences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
