"""Settings of charging over RADIUS (RFC 2865, RFC 2866, RFC 5176).

Knows names, defaults and limits. Refuses to know the protocol.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from commcredits.settings.addresses import Port, SwitchName


class RadiusClient(BaseModel):
    """One access server that may ask, known by its address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: SwitchName = Field(description="What its calls say of where they came from.")
    secret: SecretStr = Field(min_length=16, description="The shared secret, at least 16 characters.")
    disconnect_port: int = Field(default=3_799, ge=0, le=65_535, description="Where it hears RFC 5176; 0 for nowhere.")


class RadiusSettings(BaseModel):
    """Where RADIUS is heard and who may ask."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where RADIUS listens.")
    authentication_port: Port = Field(default=1_812, description="UDP port of authentication.")
    accounting_port: Port = Field(default=1_813, description="UDP port of accounting.")
    clients: dict[str, RadiusClient] = Field(min_length=1, description="Who may ask, by address or network.")
    interim_seconds: int = Field(
        default=60, ge=10, le=3_600, description="How often an access server is told to report (Acct-Interim-Interval)."
    )
