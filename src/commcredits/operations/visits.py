"""Visits: who is signed in at the pages, in every process at once.

Knows a visit by the digest of its secret, how long one lasts, and whom it makes act. Refuses to know cookies, and to
keep a secret: whoever reads the database can open nothing with what stands there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg

from commcredits.core.access import Actor, ActorKind, Role, permissions_of
from commcredits.core.outcomes import Done
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID, identifier_or_none

EDGE: Final = "portal"
"""What the audit log calls the pages."""

SECRET_BITS: Final = 256
SOURCE_CHARACTERS_MAX: Final = 64
BROWSER_CHARACTERS_MAX: Final = 200
HELD_SECONDS_MAX: Final = 900
"""How long a form waits for its sender's proof."""

_KEPT_DAYS: Final = 30
_TRIES_KEPT: Final = timedelta(days=1)
_TOKEN_NAME: Final = "operator"  # noqa: S105 - the name of whoever knows the token, not a secret
_PASSWORD_NAME: Final = "break-glass"  # noqa: S105 - the name of whoever knows the password, not a secret


class Way(StrEnum):
    """How somebody proved who they are. Stable: visits keep these words."""

    TOKEN = "token"  # noqa: S105 - the word for a way in, not a secret
    PASSWORD = "password"  # noqa: S105 - the word for a way in, not a secret
    PASSKEY = "passkey"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitTerms:
    """``idle_seconds`` end a visit of which nothing was asked, ``longest_seconds`` any visit.

    ``token_mark`` stands for the operator token that is in force; empty: nobody gets in with one.
    """

    idle_seconds: int
    longest_seconds: int
    token_mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """Where somebody came from: network address, and what their browser calls itself."""

    source: str
    browser: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """Somebody who has proved who they are, on the way in.

    ``administrator_id`` None is the operator by token or password. ``organization_id`` is the operator's own for its
    staff; ``organization_name`` then is empty.
    """

    organization_id: str
    administrator_id: str | None
    roles: tuple[Role, ...]
    way: Way
    detail: str = ""
    organization_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVisit:
    """A visit that goes on. ``person_id`` is whose passkeys open it; None where nobody has any."""

    visit_id: str
    organization_id: str
    administrator_id: str | None
    person_id: str | None
    name: str
    address: str
    roles: tuple[Role, ...]
    way: Way
    detail: str
    began_at: datetime
    seen_at: datetime
    proved_at: datetime

    @property
    def is_operators(self) -> bool:
        """Whether it is one of the operator's own people."""
        return self.organization_id == OPERATOR_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """One of somebody's visits, for them to look over."""

    visit_id: str
    way: Way
    detail: str
    began_at: datetime
    seen_at: datetime
    source: str
    browser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldForm:
    """A form as it was sent, without its token: where to, and its fields."""

    address: str
    fields: Mapping[str, str] = field(repr=False)


def actor_of(visit: OpenVisit, *, source: str) -> Actor:
    """Whoever acts in a visit, from this network address."""
    if visit.administrator_id is None:
        actor_id = f"operator:{visit.name}"
    else:
        actor_id = f"{'staff' if visit.is_operators else 'administrator'}:{visit.administrator_id}"
    return Actor(
        kind=ActorKind.PERSON,
        actor_id=actor_id,
        name=visit.name,
        permissions=permissions_of(visit.roles),
        organization_id=None if visit.is_operators else visit.organization_id,
        roles=visit.roles,
        source=source,
        edge=EDGE,
        proved_at=visit.proved_at,
    )


def name_of(way: Way) -> str:
    """What the operator is called who came without being an administrator."""
    return _PASSWORD_NAME if way is Way.PASSWORD else _TOKEN_NAME


def new_secret(services: Services) -> str:
    """A fresh secret of 256 bits, in letters and digits."""
    return f"{services.random_bits(SECRET_BITS):064x}"


def digest_of(secret: str) -> bytes:
    """What is kept of a secret: its random bits cannot be tried through, so a plain SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


async def begin_visit(services: Services, entrant: Entrant, *, came: Came, terms: VisitTerms) -> str:
    """The secret of a new visit: always a fresh one, so that nobody knows it who set an older one."""
    now = services.clock()
    secret = new_secret(services)
    await services.pool.execute(
        load_statement("insert_visit"),
        services.shard_id,
        entrant.organization_id,
        services.new_id(),
        digest_of(secret),
        entrant.administrator_id,
        entrant.way.value,
        entrant.detail,
        [role.value for role in entrant.roles],
        now,
        now + timedelta(seconds=terms.longest_seconds),
        _shown(came.source, SOURCE_CHARACTERS_MAX),
        _shown(came.browser, BROWSER_CHARACTERS_MAX),
    )
    return secret


async def find_visit(services: Services, secret: str, *, terms: VisitTerms) -> OpenVisit | None:
    """The visit of a secret; None when it is over, was ended anywhere, or its administrator is disabled."""
    now = services.clock()
    row = await services.pool.fetchrow(
        load_statement("find_visit"),
        services.shard_id,
        digest_of(secret),
        now,
        now - timedelta(seconds=terms.idle_seconds),
        terms.token_mark or None,
    )
    return None if row is None else _open_visit(row)


async def see_visit(services: Services, visit: OpenVisit) -> None:
    """Begin a visit's idle time anew."""
    await services.pool.execute(
        load_statement("see_visit"), services.shard_id, visit.organization_id, visit.visit_id, services.clock()
    )


async def prove_visit(services: Services, visit: OpenVisit) -> None:
    """Note that whoever is signed in proved again who they are."""
    await services.pool.execute(
        load_statement("prove_visit"), services.shard_id, visit.organization_id, visit.visit_id, services.clock()
    )


async def end_visit(services: Services, visit: OpenVisit) -> None:
    """End a visit, in every process at once."""
    await services.pool.execute(
        load_statement("end_visit"), services.shard_id, visit.organization_id, visit.visit_id, services.clock()
    )


async def list_own_visits(services: Services, visit: OpenVisit, *, terms: VisitTerms) -> tuple[VisitRecord, ...]:
    """The visits of whoever has this one, the latest seen first; at most 100."""
    now = services.clock()
    rows = await services.pool.fetch(
        load_statement("list_visits"),
        services.shard_id,
        visit.organization_id,
        visit.administrator_id,
        visit.way.value,
        now,
        now - timedelta(seconds=terms.idle_seconds),
    )
    return tuple(
        VisitRecord(
            visit_id=str(row["visit_id"]),
            way=Way(row["way"]),
            detail="" if row["way"] == Way.TOKEN.value else row["detail"],
            began_at=row["began_at"],
            seen_at=row["seen_at"],
            source=row["source"],
            browser=row["browser"],
        )
        for row in rows
    )


async def end_own_visits(services: Services, visit: OpenVisit, *, visit_id: str | None) -> Done:
    """End another visit of whoever has this one, or without an id all the others; this one goes on."""
    wanted = None if visit_id is None else identifier_or_none(visit_id)
    if visit_id is not None and wanted is None:
        return Done(changed=False)
    ended = await services.pool.fetch(
        load_statement("end_own_visits"),
        services.shard_id,
        visit.organization_id,
        visit.administrator_id,
        visit.way.value,
        visit.visit_id,
        services.clock(),
        wanted,
    )
    return Done(changed=bool(ended))


async def hold_form(services: Services, visit: OpenVisit, form: HeldForm) -> str:
    """Keep a form for a quarter of an hour; returns by which id the same visit gets it back."""
    form_id = services.new_id()
    await services.pool.execute(
        load_statement("hold_form"),
        services.shard_id,
        visit.organization_id,
        visit.visit_id,
        form_id,
        form.address,
        json.dumps(dict(form.fields)),
        services.clock(),
    )
    return form_id


async def take_held_form(services: Services, visit: OpenVisit, form_id: str) -> HeldForm | None:
    """The form that waited, once, for the visit that sent it alone."""
    wanted = identifier_or_none(form_id)
    if wanted is None:
        return None
    row = await services.pool.fetchrow(
        load_statement("take_held_form"),
        services.shard_id,
        visit.organization_id,
        visit.visit_id,
        wanted,
        services.clock() - timedelta(seconds=HELD_SECONDS_MAX),
    )
    return None if row is None else HeldForm(address=row["address"], fields=json.loads(row["fields"]))


async def spend_code(services: Services, code: str, *, lasts: timedelta) -> bool:
    """Whether a code that may be shown once is shown for the first time, in whichever process."""
    first = await services.pool.fetchval(
        load_statement("spend_code"), services.shard_id, OPERATOR_ID, digest_of(code), services.clock() + lasts
    )
    return first is not None


async def prune_sign_in(services: Services) -> int:
    """Forget visits that ended a month ago, old tries, and codes that would not be taken any more."""
    now = services.clock()
    gone: int = await services.pool.fetchval(
        load_statement("prune_sign_in"), services.shard_id, now - timedelta(days=_KEPT_DAYS), now - _TRIES_KEPT, now
    )
    return gone


def _open_visit(row: asyncpg.Record) -> OpenVisit:
    way = Way(row["way"])
    return OpenVisit(
        visit_id=str(row["visit_id"]),
        organization_id=str(row["organization_id"]),
        administrator_id=None if row["administrator_id"] is None else str(row["administrator_id"]),
        person_id=None if row["person_id"] is None else str(row["person_id"]),
        name=row["name"] or name_of(way),
        address=row["address"] or "",
        roles=tuple(Role(role) for role in row["roles"]),
        way=way,
        detail="" if way is Way.TOKEN else row["detail"],
        began_at=row["began_at"],
        seen_at=row["seen_at"],
        proved_at=row["proved_at"],
    )


def _shown(text: str, characters_max: int) -> str:
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text[:characters_max])
