"""Settings of the operator's console: when the books are verified, and how long messages of gateways are kept.

Knows names, defaults and limits. Refuses to know what comes of them.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

MESSAGES_KEPT_DAYS_MIN: Final = 90
"""A message is proof in a dispute, and disputes come months after the payment."""


class ConsoleSettings(BaseModel):
    """What the operator's people work with beside the pages of organizations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verify_at_hour: int | None = Field(
        default=None, ge=0, le=23, description="The hour (UTC) at which the books are verified each night; none: never."
    )
    gateway_messages_kept_days: int = Field(
        default=550,
        ge=MESSAGES_KEPT_DAYS_MIN,
        le=3_660,
        description="How long the messages of gateways are kept as they came.",
    )
