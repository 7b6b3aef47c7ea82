"""Settings of the JSON-RPC listener that speaks as CGRateS does.

Knows names, defaults and limits. Refuses to know the protocol.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from commcredits.settings.addresses import Port


class CgratesSettings(BaseModel):
    """Where it is heard, and by whom."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="Where JSON-RPC is heard.")
    port: Port = Field(default=2_014, description="Port of JSON-RPC over TCP.")
    networks: tuple[str, ...] = Field(default=("127.0.0.0/8", "::1/128"), description="Where clients may come from.")
    tenants: dict[str, str] = Field(
        default_factory=dict,
        description="Organization ids by Tenant, where a caller's number does not say whose it is.",
    )
