"""Settings of charging over Diameter (RFC 6733, RFC 8506).

Knows names, defaults and limits. Refuses to know the protocol.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from commcredits.settings.addresses import Network, Port


class DiameterPeer(BaseModel):
    """One client that may connect, by its Origin-Host."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    networks: tuple[Network, ...] = Field(
        min_length=1, description="Where it connects from, as networks: 192.0.2.0/28, 2001:db8::/64."
    )
    relay: bool = Field(default=False, description="Whether it is an agent that passes on what other hosts ask.")


class DiameterSettings(BaseModel):
    """Where Diameter is heard, who we are, and who may speak."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where Diameter listens.")
    port: Port = Field(default=3868, description="Port of Diameter over TCP.")
    origin_host: str = Field(min_length=1, max_length=255, description="Our DiameterIdentity.")
    origin_realm: str = Field(min_length=1, max_length=255, description="Our realm.")
    peers: dict[str, DiameterPeer] = Field(min_length=1, description="Who may connect, by Origin-Host.")
    tls_certificate: Path | None = Field(default=None, description="Certificate chain (PEM); with it TLS is spoken.")
    tls_key: Path | None = Field(default=None, description="Private key (PEM) of that certificate.")
    tls_client_authority: Path | None = Field(
        default=None, description="Authority (PEM) that must have signed a client's certificate."
    )
    watchdog_seconds: int = Field(
        default=30, ge=6, le=600, description="Silence after which a peer is asked (RFC 3539)."
    )
    message_bytes_max: int = Field(default=65_536, ge=4_096, le=1_048_576, description="Longest message taken.")
    quota_threshold_seconds: int = Field(
        default=10, ge=0, le=3_600, description="How long before its quota ends a client is to ask for more."
    )

    @field_validator("peers")
    @classmethod
    def _are_told_apart(cls, peers: dict[str, DiameterPeer]) -> dict[str, DiameterPeer]:
        if len({host.lower() for host in peers}) < len(peers):
            raise ValueError(
                "two peers differ in the case of letters only, which a DiameterIdentity does not tell apart"
            )
        return peers

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate is None) is not (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key go together")
        if self.tls_client_authority is not None and self.tls_certificate is None:
            raise ValueError("tls_client_authority asks for certificates over TLS, which needs tls_certificate")
        return self
