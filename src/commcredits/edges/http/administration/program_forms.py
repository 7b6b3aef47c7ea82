"""What requests about keys and sandboxes hold, field by field, and what their answers do.

Knows names and forms on the wire. Refuses to know what a scope allows. The text of a key stands in one answer alone.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from commcredits.core.money import format_micros
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Time, time, time_or_none
from commcredits.edges.http.administration.forms import (
    AmountMicros,
    FieldForm,
    Flag,
    Instant,
    NotOfFormError,
    prose_form,
    whole_form,
)
from commcredits.operations.api_keys import (
    NAME_CHARACTERS_MAX,
    NOTE_CHARACTERS_MAX,
    OVERLAP_HOURS_DEFAULT,
    OVERLAP_HOURS_MAX,
    PRESETS,
    SCOPES,
    KeyState,
)
from commcredits.operations.api_keys import ApiKey as ApiKeyRecord
from commcredits.operations.api_keys import NewApiKey as NewApiKeyRecord
from commcredits.operations.sandboxes import Sandbox as SandboxRecord

_SCOPES_ALLOWED: Final = f"an array of one or more of {', '.join(SCOPES)}, each once"


def _scopes(value: object) -> list[str]:
    if not isinstance(value, list) or not value or any(type(each) is not str for each in value):
        raise NotOfFormError
    if len(set(value)) != len(value) or any(each not in SCOPES for each in value):
        raise NotOfFormError
    return value


Scopes = Annotated[
    list[str],
    FieldForm(
        read=_scopes,
        allowed=_SCOPES_ALLOWED,
        schema={
            "type": "array",
            "minItems": 1,
            "maxItems": len(SCOPES),
            "uniqueItems": True,
            "items": {"type": "string", "enum": list(SCOPES)},
            "description": "What the key may do; only what whoever creates it may do too.",
        },
    ),
]
KeyName = Annotated[str, prose_form(1, NAME_CHARACTERS_MAX, "The dashboard of our finance team")]
KeyNote = Annotated[str, prose_form(0, NOTE_CHARACTERS_MAX, "Ask finance before revoking")]
OverlapHours = Annotated[int, whole_form(OVERLAP_HOURS_MAX)]


def _strict(**example: Any) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [dict(example)]})


class ApiKeyToCreate(BaseModel):
    """A key for a program. Left out, ``expires_at`` is a year from now. ``sandbox``: it acts on the sandbox alone."""

    model_config = _strict(name="The dashboard of our finance team", scopes=["call_records.read"])

    name: KeyName
    scopes: Scopes
    expires_at: Instant | None = None
    note: KeyNote = ""
    sandbox: Flag = False


class ApiKeyToRotate(BaseModel):
    """How many hours more the old key lasts beside the new one."""

    model_config = _strict(overlap_hours=24)

    overlap_hours: OverlapHours = OVERLAP_HOURS_DEFAULT


class PlayMoneyToGrant(BaseModel):
    """Play money for a sandbox, in its currency."""

    model_config = _strict(amount="100.00")

    amount: AmountMicros


class ApiKey(BaseModel):
    """A key of a program. ``prefix`` is the part of it that is no secret; ``sandbox_id`` what it acts on, if a sandbox.

    ``last_used_at`` is right to the minute.
    """

    key_id: Identity
    prefix: str = Field(examples=["cck_k7q2m4xa"])
    name: str
    note: str
    scopes: list[str]
    state: KeyState
    sandbox_id: Identity | None
    created_at: Time
    created_by: str
    expires_at: Time
    last_used_at: Time | None
    revoked_at: Time | None
    revoked_by: str


class NewApiKey(ApiKey):
    """A key, with its whole text."""

    secret: str = Field(
        description="The whole key, to be sent as a bearer token. It is shown this once.",
        examples=["cck_k7q2m4xa_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"],
    )


class Preset(BaseModel):
    """Scopes that go together."""

    preset: str
    scopes: list[str]


class Sandbox(BaseModel):
    """A sandbox: an organization of its own with play money, which no payment ever reaches."""

    organization_id: Identity
    sandbox_of: Identity
    name: str
    currency: Currency
    available: Amount
    created_at: Time


class AccessToken(BaseModel):
    """A short-lived token (RFC 6749 §5.1)."""

    access_token: str = Field(examples=["cct_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"])
    token_type: Literal["Bearer"]
    expires_in: int = Field(ge=0, examples=[600])
    scope: str = Field(examples=["call_records.read"])


def api_key(record: ApiKeyRecord) -> ApiKey:
    """A key as it is told."""
    return ApiKey(
        key_id=record.key_id,
        prefix=record.prefix,
        name=record.name,
        note=record.note,
        scopes=list(record.scopes),
        state=record.state,
        sandbox_id=record.sandbox_id,
        created_at=time(record.created_at),
        created_by=record.created_by,
        expires_at=time(record.expires_at),
        last_used_at=time_or_none(record.last_used_at),
        revoked_at=time_or_none(record.revoked_at),
        revoked_by=record.revoked_by,
    )


def new_api_key(record: NewApiKeyRecord) -> NewApiKey:
    """A key that was just made, as it is told once."""
    return NewApiKey(**api_key(record.key).model_dump(), secret=record.secret)


def presets() -> list[Preset]:
    """Every preset, in the order of the scopes."""
    return [
        Preset(preset=name.value, scopes=[scope for scope in SCOPES if scope in held]) for name, held in PRESETS.items()
    ]


def sandbox(record: SandboxRecord) -> Sandbox:
    """A sandbox as it is told."""
    return Sandbox(
        organization_id=record.organization_id,
        sandbox_of=record.sandbox_of,
        name=record.name,
        currency=record.currency,
        available=format_micros(record.available_micros),
        created_at=time(record.created_at),
    )
