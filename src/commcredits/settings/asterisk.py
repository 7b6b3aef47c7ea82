"""Settings of the links to Asterisk (ARI and FastAGI).

Knows names, defaults and limits. Refuses to know what is said over a link.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from commcredits.settings.addresses import Network, Port, SwitchName


class AsteriskLink(BaseModel):
    """One Asterisk whose ARI we connect to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://[^\s/?#@]+$", description="Its HTTP server, such as http://192.0.2.7:8088.")
    username: str = Field(min_length=1, pattern=r"^[^:\s]+$", description="The ARI user.")
    password: SecretStr = Field(min_length=1, description="That user's password.")
    application: str = Field(
        default="commcredits", pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The Stasis application."
    )
    certificate: Path | None = Field(default=None, description="Whom to trust over https (PEM); None for the system.")
    endpoint: str = Field(
        default="PJSIP/{callee}@carrier",
        pattern=r"^[A-Za-z0-9]+/[^\s,]*\{callee\}[^\s,]*$",
        description="Whom to dial; {callee} stands for the number. A call's own argument `endpoint` comes first.",
    )
    ring_seconds: int = Field(default=60, ge=5, le=180, description="How long the called side may ring.")
    refused_context: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_-]{0,79}$",
        description="Where in the dial plan a refused caller continues; empty: is hung up.",
    )


class AsteriskSettings(BaseModel):
    """The servers that we connect to, and where FastAGI is heard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where FastAGI is heard.")
    port: Port = Field(default=4_573, description="Port of FastAGI.")
    networks: tuple[Network, ...] = Field(
        default=("127.0.0.0/8", "::1/128"), description="Where FastAGI may come from."
    )
    fastagi_name: SwitchName = Field(
        default="fastagi", description="What calls that come by FastAGI say of their link."
    )
    fastagi_slice_seconds: int = Field(
        default=14_400, ge=1, le=14_400, description="Longest call by FastAGI, which cannot be extended."
    )
    links: dict[SwitchName, AsteriskLink] = Field(default_factory=dict, description="ARI servers by name.")
    reconcile_seconds: int = Field(default=30, ge=1, le=3_600, description="How often live calls are compared.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if self.fastagi_name in self.links:
            raise ValueError(f"fastagi_name and a link are both called {self.fastagi_name!r}")
        return self
