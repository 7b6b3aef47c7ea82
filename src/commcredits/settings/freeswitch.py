"""Settings of the links to FreeSWITCH (event socket).

Knows names, defaults and limits. Refuses to know what is said over a link.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from commcredits.settings.addresses import Address, Network, Port, SwitchName


def _one_line(password: SecretStr) -> SecretStr:
    if not password.get_secret_value().isprintable():
        raise ValueError("a password of an event socket is one printable line")
    return password


class FreeswitchLink(BaseModel):
    """One FreeSWITCH whose event socket we connect to (inbound, in its words)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: Address = Field(description="Where its event socket listens.")
    password: Annotated[SecretStr, AfterValidator(_one_line)] = Field(
        min_length=1, description="The password of its event socket."
    )


class FreeswitchSettings(BaseModel):
    """Where calls connect to us (outbound, in its words), and the servers that we connect to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where outbound sockets are heard.")
    port: Port = Field(default=8_084, description="Port of outbound sockets.")
    networks: tuple[Network, ...] = Field(
        default=("127.0.0.0/8", "::1/128"), description="Where outbound sockets may come from."
    )
    links: dict[SwitchName, FreeswitchLink] = Field(default_factory=dict, description="Event sockets by name.")
    lead_seconds: int = Field(default=15, ge=1, le=3_600, description="How long before its end a grant is extended.")
    warning_seconds: int = Field(
        default=10, ge=0, le=600, description="How long before the end of the credit a tone is played; 0 for none."
    )
    reconcile_seconds: int = Field(default=30, ge=1, le=3_600, description="How often live calls are compared.")
