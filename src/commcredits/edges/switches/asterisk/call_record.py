"""What a channel itself carries of its call, so that we can forget everything and go on: one variable, one line.

Knows the fields and their order. Refuses to know where the text is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commcredits.operations.charging import SLICE_SECONDS_MAX
from commcredits.operations.inputs import is_identifier

_VERSION: Final = "1"
_FIELDS: Final = 8
_MILLISECONDS_MAX: Final = 10**14
_SECONDS_MAX: Final = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call that was admitted. Instants are milliseconds since 1970; 0 stands for one that has not come.

    ``began_ms`` and ``answered_ms`` are by our clock, ``answered_there_ms`` is the answer by Asterisk's own, which its
    end is compared with. ``slice_seconds`` 0: as long as the operator's are.
    ``organization_id`` is empty for an emergency that nobody is known for.
    """

    organization_id: str
    began_ms: int
    answered_ms: int = 0
    answered_there_ms: int = 0
    granted_seconds: int = 0
    slice_seconds: int = 0
    emergency: bool = False

    def text(self) -> str:
        """As the variable holds it."""
        return "|".join((
            _VERSION,
            self.organization_id,
            str(self.began_ms),
            str(self.answered_ms),
            str(self.answered_there_ms),
            str(self.granted_seconds),
            str(self.slice_seconds),
            "emergency" if self.emergency else "call",
        ))  # fmt: skip


def read_call_record(text: str) -> CallRecord | None:
    """The record in this text; None when it is none of ours."""
    fields = text.split("|")
    if len(fields) != _FIELDS or fields[0] != _VERSION:
        return None
    organization_id, kind = fields[1], fields[7]
    numbers = [int(field) for field in fields[2:7] if field.isascii() and field.isdecimal() and len(field) <= 15]  # noqa: PLR2004 - longer than any instant
    if len(numbers) != len(fields[2:7]) or kind not in ("emergency", "call"):
        return None
    began_ms, answered_ms, answered_there_ms, granted_seconds, slice_seconds = numbers
    emergency = kind == "emergency"
    if not is_identifier(organization_id) and not (emergency and not organization_id):
        return None
    if (
        max(began_ms, answered_ms, answered_there_ms) > _MILLISECONDS_MAX
        or granted_seconds > _SECONDS_MAX
        or slice_seconds > SLICE_SECONDS_MAX
    ):
        return None
    return CallRecord(
        organization_id=organization_id,
        began_ms=began_ms,
        answered_ms=answered_ms,
        answered_there_ms=answered_there_ms,
        granted_seconds=granted_seconds,
        slice_seconds=slice_seconds,
        emergency=emergency,
    )
