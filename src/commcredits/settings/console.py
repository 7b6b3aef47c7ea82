"""Settings of the operator's console: when the books are verified, what needs two people, how long messages are kept.

Knows names, defaults and limits. Refuses to know what comes of them.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

from commcredits.core.money import MoneyError, parse_micros

MESSAGES_KEPT_DAYS_MIN: Final = 90
"""A message is proof in a dispute, and disputes come months after the payment."""


class ConsoleSettings(BaseModel):
    """What the operator's people work with beside the pages of organizations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verify_at_hour: int | None = Field(
        default=None, ge=0, le=23, description="The hour (UTC) at which the books are verified each night; none: never."
    )
    second_person_limit: str | None = Field(
        default=None,
        description="From which amount, in major units, promotions, lines of credit and confirmed transfers need a "
        "second person; none: never.",
    )
    gateway_messages_kept_days: int = Field(
        default=550,
        ge=MESSAGES_KEPT_DAYS_MIN,
        le=3_660,
        description="How long the messages of gateways are kept as they came.",
    )

    @field_validator("second_person_limit")
    @classmethod
    def _amount(cls, text: str | None) -> str | None:
        if text is not None:
            _micros(text)
        return text

    def second_person_limit_micros(self) -> int | None:
        """The limit in millionths, or None."""
        return None if self.second_person_limit is None else _micros(self.second_person_limit)


def _micros(text: str) -> int:
    try:
        micros = parse_micros(text)
    except MoneyError as error:
        raise ValueError(str(error)) from error
    if micros < 0:
        raise ValueError("must not be below zero")
    return micros
