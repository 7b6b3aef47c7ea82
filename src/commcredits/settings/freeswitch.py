"""Settings of the links to FreeSWITCH (event socket).

Knows names, defaults and limits. Refuses to know what is said over a link.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from commcredits.settings.addresses import Address, Port, SwitchName


class FreeswitchLink(BaseModel):
    """One FreeSWITCH whose event socket we connect to (inbound, in its words)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Address = Field(description="Where its event socket listens.")
    password: SecretStr = Field(min_length=1, description="The password of its event socket.")


class FreeswitchSettings(BaseModel):
    """Where calls connect to us (outbound, in its words), and the servers that we connect to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where outbound sockets are heard.")
    port: Port = Field(default=8_084, description="Port of outbound sockets.")
    networks: tuple[str, ...] = Field(
        default=("127.0.0.0/8", "::1/128"), description="Where outbound sockets may come from."
    )
    links: dict[SwitchName, FreeswitchLink] = Field(default_factory=dict, description="Event sockets by name.")
    reconcile_seconds: int = Field(default=30, ge=1, le=3_600, description="How often live calls are compared.")
