"""Settings of the links to Asterisk (ARI and FastAGI).

Knows names, defaults and limits. Refuses to know what is said over a link.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from commcredits.settings.addresses import Port, SwitchName


class AsteriskLink(BaseModel):
    """One Asterisk whose ARI we connect to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern=r"^https?://[^\s/?#]+$", description="Its HTTP server, such as http://192.0.2.7:8088.")
    username: str = Field(min_length=1, description="The ARI user.")
    password: SecretStr = Field(min_length=1, description="That user's password.")
    application: str = Field(
        default="commcredits", pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The Stasis application."
    )


class AsteriskSettings(BaseModel):
    """The servers that we connect to, and where FastAGI is heard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where FastAGI is heard.")
    port: Port = Field(default=4_573, description="Port of FastAGI.")
    networks: tuple[str, ...] = Field(default=("127.0.0.0/8", "::1/128"), description="Where FastAGI may come from.")
    links: dict[SwitchName, AsteriskLink] = Field(default_factory=dict, description="ARI servers by name.")
    reconcile_seconds: int = Field(default=30, ge=1, le=3_600, description="How often live calls are compared.")
