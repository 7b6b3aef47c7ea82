"""Settings of the JSON-RPC listener that speaks as CGRateS does.

Knows names, defaults and limits. Refuses to know the protocol.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from commcredits.settings.addresses import Network, OrganizationId, Port


class CgratesSettings(BaseModel):
    """Where it is heard, and by whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where JSON-RPC is heard.")
    port: Port = Field(default=2_014, description="Port of JSON-RPC over TCP.")
    networks: tuple[Network, ...] = Field(
        default=("127.0.0.0/8", "::1/128"), description="Where clients may come from."
    )
    tenants: dict[str, OrganizationId] = Field(
        default_factory=dict,
        description="Organization ids by Tenant, where a caller's number does not say whose it is.",
    )
    call_seconds_max: int = Field(
        default=10_800,
        ge=60,
        le=86_400,
        description="Longest call, told to clients whose calls we can cut; also how long one goes on if we cannot.",
    )
    reconcile_seconds: int = Field(default=30, ge=1, le=3_600, description="How often live calls are compared.")
