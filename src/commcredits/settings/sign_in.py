"""Settings of signing in: providers of identities, and how long visits last.

Knows names, defaults and limits. Refuses a provider that would let somebody in of whom nothing was said: whom it speaks
for and which of its role values give which role must both be set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from commcredits.core.access import Role
from commcredits.settings.addresses import ORIGIN

PROVIDERS_MAX: Final = 50

_NAME: Final = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_LOOPBACK: Final = ("http://127.0.0.1", "http://localhost", "http://[::1]")
_NOT_FOR_PEOPLE: Final = Role.REPORTING_APP


class ProviderSettings(BaseModel):
    """A provider of identities that speaks OpenID Connect, such as Microsoft Entra."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=60, description="What its button says.")
    issuer: str = Field(max_length=512, description="Its issuer, as its own description says it.")
    client_id: str = Field(min_length=1, max_length=255, description="What we are called there.")
    client_secret: SecretStr | None = Field(default=None, description="Our secret there; none for a public client.")
    operator: bool = Field(default=False, description="Whether it speaks for the operator's own staff.")
    organization_id: str | None = Field(default=None, description="The one organization that it speaks for.")
    organization_claim: str = Field(
        default="tid", min_length=1, max_length=64, description="The claim that says which organization, where many."
    )
    organizations: dict[str, str] = Field(
        default_factory=dict, description="Which organization each value of that claim is."
    )
    role_claim: str = Field(default="roles", min_length=1, max_length=64, description="The claim with the roles.")
    roles: dict[str, Role] = Field(min_length=1, description="Which role each value of that claim gives.")
    scopes: tuple[str, ...] = Field(
        default=("openid", "profile", "email"), max_length=20, description="What is asked for."
    )

    @field_validator("issuer")
    @classmethod
    def _an_issuer(cls, issuer: str) -> str:
        is_own = any(issuer.startswith((f"{place}:", f"{place}/")) for place in _LOOPBACK)
        if not (issuer.startswith("https://") or is_own) or any(sign in issuer for sign in "?# "):
            raise ValueError("must be an https address without a query")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _with_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("must hold openid")
        return scopes

    @model_validator(mode="after")
    def _speaks_for_somebody(self) -> Self:
        if [self.operator, self.organization_id is not None, bool(self.organizations)].count(True) != 1:
            raise ValueError("set one of operator, organization_id and organizations: whom it speaks for")
        ids = [self.organization_id] if self.organization_id else list(self.organizations.values())
        if any(_UUID.fullmatch(each) is None or not each.strip("0-") for each in ids):
            raise ValueError("an organization is the id of one, in lower case")
        if any(role.is_operators is not self.operator or role is _NOT_FOR_PEOPLE for role in self.roles.values()):
            raise ValueError("roles of the operator are for its own provider, and no other roles are")
        return self


def check_providers(providers: Mapping[str, ProviderSettings], public_url: str | None) -> None:
    """Raise ValueError for a name that is none, for too many, and where nothing says to where they lead back."""
    if len(providers) > PROVIDERS_MAX:
        raise ValueError(f"at most {PROVIDERS_MAX} providers")
    for name in providers:
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"{name[:32]!r} is not a name of 1 to 32 small letters, digits and hyphens")
    if providers and (public_url is None or ORIGIN.fullmatch(public_url) is None):
        raise ValueError("COMMCREDITS_PUBLIC_URL must be set: providers lead back to an address that they know")
