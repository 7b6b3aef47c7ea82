"""What reports rest on: who carries the calls, how long exports are kept, and the two tables of privacy.

Knows the form of each setting. Refuses to know the law: whether a table is right is the operator's concern.
"""

from __future__ import annotations

from typing import Final

from phonenumbers import SUPPORTED_REGIONS
from pydantic import BaseModel, ConfigDict, Field, model_validator

from commcredits.core.privacy import MASKED_DIGITS, RETENTION_DAYS, RETENTION_DAYS_DEFAULT

RETENTION_DAYS_MIN: Final = 90
"""Records are kept for so long at least: limits and reports of the last months rest on them."""

RETENTION_DAYS_MAX: Final = 3_650
MASKED_DIGITS_MAX: Final = 15


class ReportSettings(BaseModel):
    """``masked_digits`` and ``retention_days`` are by country (ISO 3166-1), each in the place of the table there is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operator: str = Field(default="", max_length=200)
    export_days: int = Field(default=7, ge=1, le=90)
    masked_digits: dict[str, int] = Field(default_factory=lambda: dict(MASKED_DIGITS))
    retention_days: dict[str, int] = Field(default_factory=lambda: dict(RETENTION_DAYS))
    retention_days_default: int = Field(default=RETENTION_DAYS_DEFAULT, ge=RETENTION_DAYS_MIN, le=RETENTION_DAYS_MAX)

    @model_validator(mode="after")
    def _makes_sense(self) -> ReportSettings:
        for country in {*self.masked_digits, *self.retention_days}:
            if country not in SUPPORTED_REGIONS:
                raise ValueError(f"country {country[:8]!r} is not the ISO 3166-1 code of a country, such as RO")
        if any(not 0 <= digits <= MASKED_DIGITS_MAX for digits in self.masked_digits.values()):
            raise ValueError(f"masked_digits must be from 0 to {MASKED_DIGITS_MAX}")
        if any(not RETENTION_DAYS_MIN <= days <= RETENTION_DAYS_MAX for days in self.retention_days.values()):
            raise ValueError(f"retention_days must be from {RETENTION_DAYS_MIN} to {RETENTION_DAYS_MAX}")
        return self
