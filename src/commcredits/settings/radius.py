"""Settings of charging over RADIUS (RFC 2865, RFC 2866, RFC 5176).

Knows names, defaults and limits. Refuses to know the protocol.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from commcredits.core.commands import CallType
from commcredits.settings.addresses import Network, Port, SwitchName

_UUID = r"^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?$"


class RadiusClient(BaseModel):
    """One access server that may ask, known by its address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: SwitchName = Field(description="What its calls say of where they came from.")
    secret: SecretStr = Field(min_length=16, description="The shared secret, at least 16 characters.")
    disconnect_port: int = Field(default=3_799, ge=0, le=65_535, description="Where it hears RFC 5176; 0 for nowhere.")
    slice_seconds: int | None = Field(
        default=None, ge=1, le=14_400, description="How much of a call is held for at a time; none: as for all clients."
    )
    proxy: bool = Field(default=False, description="Others stand behind it, told apart by what they call themselves.")
    organization_id: str = Field(
        default="", pattern=_UUID, description="Whose its calls are; empty: whose the numbers of a call are."
    )
    call_type: CallType | None = Field(
        default=None, description="What its calls are, as call_type of the charging API."
    )
    user_name_is_user: bool = Field(default=False, description="User-Name names the calling user of the organization.")
    country_code: str = Field(
        default="",
        pattern=r"^([1-9][0-9]{0,2})?$",
        description="Calling code of the numbers that it writes nationally.",
    )
    international_prefix: str = Field(
        default="00", pattern=r"^[0-9]{0,5}$", description="What stands before a country."
    )
    national_prefix: str = Field(default="0", pattern=r"^[0-9]{0,3}$", description="What stands before an area.")


class RadiusSettings(BaseModel):
    """Where RADIUS is heard and who may ask."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where RADIUS listens.")
    authentication_port: Port = Field(default=1_812, description="UDP port of authentication.")
    accounting_port: Port = Field(default=1_813, description="UDP port of accounting.")
    clients: dict[Network, RadiusClient] = Field(min_length=1, description="Who may ask, by address or network.")
    interim_seconds: int = Field(
        default=60, ge=10, le=3_600, description="How often an access server is told to report (Acct-Interim-Interval)."
    )
    slice_seconds: int = Field(
        default=3_600,
        ge=1,
        le=14_400,
        description="How much of a call is held for at a time: long, as most access servers cannot extend a call.",
    )
    ring_seconds_max: int = Field(
        default=180,
        ge=0,
        le=3_600,
        description="Silence after an Access-Accept that lets go of what was held; 0: only the end of the grant does.",
    )

    @field_validator("clients")
    @classmethod
    def _known_apart(cls, clients: dict[str, RadiusClient]) -> dict[str, RadiusClient]:
        names = [client.name for client in clients.values()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two clients have the name {twice[0]!r}")
        return clients
