"""Settings of the links to Kamailio.

Knows names, defaults and limits. Refuses to know what is said over a link.
"""

from __future__ import annotations

import re
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from commcredits.settings.addresses import Address, SwitchName

CONTROL_SECRET: Final = re.compile(r"[A-Za-z0-9._~+/=-]{16,180}", re.ASCII)
"""What can stand in a header as it is, in JSON, and in Kamailio's configuration too."""


class KamailioLink(BaseModel):
    """One Kamailio: over ``evapi`` it asks us on this link; over ``http`` it asks the charging endpoints itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    way: Literal["evapi", "http"] = Field(description="How it asks: over one TCP link, or by HTTP.")
    address: Address = Field(description="Where its evapi module, or its control endpoint, listens.")
    secret: SecretStr | None = Field(default=None, min_length=16, description="Opens that link, or that endpoint.")

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if self.secret is None or CONTROL_SECRET.fullmatch(self.secret.get_secret_value()) is None:
            raise ValueError("a link needs a secret of 16 to 180 of A-Z a-z 0-9 . _ ~ + / = -")
        return self


class KamailioSettings(BaseModel):
    """The proxies that are linked, by the name that their calls carry."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    links: dict[SwitchName, KamailioLink] = Field(min_length=1, description="Links by name.")
    reconcile_seconds: int = Field(default=30, ge=1, le=3_600, description="How often live calls are compared.")
