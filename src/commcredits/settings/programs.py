"""Settings of programs: how long their keys last, whose tokens they may bring instead, and directories that speak SCIM.

Knows names, defaults and limits. Refuses an issuer of tokens that would let a program in of which nothing was said, and
one that gives anybody a role of the operator's.
"""

from __future__ import annotations

import re
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from commcredits.core.access import Permission, Role

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_LOOPBACK: Final = ("http://127.0.0.1", "http://localhost", "http://[::1]")
_CAPABILITY: Final = re.compile(r"[A-Z0-9_]{1,32}", re.ASCII)


class TokenIssuerSettings(BaseModel):
    """Whoever signs access tokens (JWT, RFC 9068) that organizations' programs bring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(max_length=512, description="The issuer, as its own description says it.")
    audience: str = Field(min_length=1, max_length=512, description="Whom its tokens for us are meant for.")
    organization_id: str | None = Field(default=None, description="The one organization that it speaks for.")
    organization_claim: str = Field(
        default="tid", min_length=1, max_length=64, description="The claim that says which organization, where many."
    )
    organizations: dict[str, str] = Field(
        default_factory=dict, description="Which organization each value of that claim is."
    )
    role_claim: str = Field(default="roles", min_length=1, max_length=64, description="The claim with the roles.")
    roles: dict[str, Role] = Field(default_factory=dict, description="Which role each value of that claim gives.")
    scope_claim: str = Field(default="scp", min_length=1, max_length=64, description="The claim with the scopes.")
    scopes: dict[str, tuple[Permission, ...]] = Field(
        default_factory=dict, description="Which permissions each word of that claim gives."
    )

    @field_validator("issuer")
    @classmethod
    def _an_issuer(cls, issuer: str) -> str:
        is_own = any(issuer.startswith((f"{place}:", f"{place}/")) for place in _LOOPBACK)
        if not (issuer.startswith("https://") or is_own) or any(sign in issuer for sign in "?# "):
            raise ValueError("must be an https address without a query")
        return issuer

    @model_validator(mode="after")
    def _speaks_for_somebody(self) -> Self:
        if (self.organization_id is None) is not bool(self.organizations):
            raise ValueError("set one of organization_id and organizations: whom it speaks for")
        ids = [self.organization_id] if self.organization_id else list(self.organizations.values())
        if any(_UUID.fullmatch(each) is None for each in ids):
            raise ValueError("an organization is the id of one, in lower case")
        if not (self.roles or self.scopes):
            raise ValueError("set roles or scopes: what its tokens may do")
        given = [each for words in self.scopes.values() for each in words]
        if any(role.is_operators for role in self.roles.values()) or any(each.is_operators for each in given):
            raise ValueError("nothing of the operator's is given by a token of an organization")
        return self


class ProgramsSettings(BaseModel):
    """What programs may bring and do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_days_max: int = Field(default=730, ge=1, le=3_650, description="How many days a key may last at most.")
    token_issuers: tuple[TokenIssuerSettings, ...] = Field(
        default=(), max_length=50, description="Whose access tokens are taken beside keys."
    )
    scim: bool = Field(default=False, description="Whether directories may speak SCIM 2.0.")
    group_licences: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Which licences the members of a group have, by the group's display name."
    )

    @field_validator("group_licences")
    @classmethod
    def _of_capabilities(cls, groups: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if any(not name.strip() or not codes for name, codes in groups.items()) or any(
            _CAPABILITY.fullmatch(code) is None for codes in groups.values() for code in codes
        ):
            raise ValueError('must map names of groups to codes of licences, as {"Telephony": ["MCOPSTN1"]}')
        return groups
