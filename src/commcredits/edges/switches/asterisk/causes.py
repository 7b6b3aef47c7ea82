"""What a refused caller gets from Asterisk: a cause of Q.850 for every refusal, in one complete table.

Knows which causes Asterisk's PJSIP channel turns into which SIP status. Refuses to know why something was refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.outcomes import RefusalCode

NORMAL_CLEARING: Final = 16
"""The end of a call that was answered."""

NO_ANSWER: Final = 19
"""480 over SIP: the called side rang too long."""

CALL_REJECTED: Final = 21
"""403 over SIP: this call is not allowed, and would not be a second later either."""

INVALID_NUMBER: Final = 28
"""484 over SIP."""

FAILURE: Final = 38
"""500 over SIP: a fault of ours."""

CONGESTION: Final = 42
"""503 over SIP: nobody can say now; trying again is worth it."""

REFUSAL_CAUSES: Final[Mapping[RefusalCode, int]] = {
    **dict.fromkeys(RefusalCode, CALL_REJECTED),
    RefusalCode.INVALID_INPUT: INVALID_NUMBER,
    RefusalCode.BUSY: CONGESTION,
    RefusalCode.INTERNAL_ERROR: FAILURE,
}
"""ITU-T Q.850's cause for each refusal. No cause says "pay first": the variable with the refusal's code does."""

TEMPORARY_REFUSALS: Final = frozenset({RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR})
"""Refusals that say nothing about the caller or the money."""
