"""What reports rest on: who carries the calls, what is hidden and kept of them, how long an export waits to be fetched.

Knows the operator's choices. Refuses to know a report.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from commcredits.core.privacy import Privacy


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTerms:
    """``operator`` stands on every row of a report as whoever carried the call; empty where nobody said.

    A written export can be fetched for ``export_days``.
    """

    operator: str = ""
    export_days: int = 7
    privacy: Privacy = field(default_factory=Privacy)
