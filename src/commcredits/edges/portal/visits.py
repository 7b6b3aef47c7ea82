"""Who is at the portal: a cookie that says which visit this is, and the tokens of its forms.

Knows keys derived from the operator token, which every web process has. Refuses to know who may sign in: it is told.
Before sign-in a visit is nothing but a signed cookie, so that the sign-in form has its CSRF token too; from sign-in on
it is a row that every process sees, and the cookie a secret that opens it. Signing in always makes a new secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from pydantic import SecretStr

from commcredits.core.access import NOBODY, Actor
from commcredits.core.outcomes import Refused
from commcredits.operations import visits as rows
from commcredits.operations.services import Services
from commcredits.operations.sign_in_operator import sign_in_with_token
from commcredits.operations.visits import Came, Entrant, HeldForm, OpenVisit, VisitTerms, actor_of

COOKIE_LENGTH_MAX: Final = 512
"""Longest cookie that is looked at."""

TICKET_LENGTH_MAX: Final = 4_096
"""Longest ticket that is looked at."""

_STRANGER: Final = "1"
_SIGNED_IN: Final = "2"
_ID_BYTES: Final = 16
_SECRET_CHARACTERS: Final = 64
_RENEWED_AFTER: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One browser's visit. ``seen_at`` is in whole seconds since 1970; ``open`` is there from sign-in on."""

    visit_id: str
    seen_at: int
    open: OpenVisit | None = None
    actor: Actor = NOBODY

    @property
    def is_signed_in(self) -> bool:
        """Whether somebody proved in this visit who they are."""
        return self.open is not None


class Visits(Protocol):
    """Where the visits of those who are signed in are kept."""

    async def token_entrant(self, token: str, came: Came) -> Entrant | Refused:
        """Whoever knows the operator token, or why not."""
        ...

    async def begin(self, entrant: Entrant, came: Came) -> str:
        """The secret of a new visit."""
        ...

    async def find(self, secret: str) -> OpenVisit | None:
        """The visit of a secret, while it lasts."""
        ...

    async def see(self, visit: OpenVisit) -> None:
        """Begin its idle time anew."""
        ...

    async def prove(self, visit: OpenVisit) -> None:
        """Note that its owner proved again who they are."""
        ...

    async def end(self, visit: OpenVisit) -> None:
        """End it everywhere."""
        ...

    async def hold(self, visit: OpenVisit, form: HeldForm) -> str:
        """Keep a form until its sender has proved who they are; returns its id."""
        ...

    async def take(self, visit: OpenVisit, form_id: str) -> HeldForm | None:
        """The form that was kept, once."""
        ...


class KeptVisits:
    """Visits in the database. ``terms`` say how long they last and which token opens one."""

    def __init__(self, services: Services, terms: VisitTerms, operator_token: SecretStr) -> None:
        self._services = services
        self._terms = terms
        self._operator_token = operator_token

    async def token_entrant(self, token: str, came: Came) -> Entrant | Refused:
        """As Visits says."""
        return await sign_in_with_token(
            self._services, token, expected=self._operator_token, mark=self._terms.token_mark, came=came
        )

    async def begin(self, entrant: Entrant, came: Came) -> str:
        """As Visits says."""
        return await rows.begin_visit(self._services, entrant, came=came, terms=self._terms)

    async def find(self, secret: str) -> OpenVisit | None:
        """As Visits says."""
        return await rows.find_visit(self._services, secret, terms=self._terms)

    async def see(self, visit: OpenVisit) -> None:
        """As Visits says."""
        await rows.see_visit(self._services, visit)

    async def prove(self, visit: OpenVisit) -> None:
        """As Visits says."""
        await rows.prove_visit(self._services, visit)

    async def end(self, visit: OpenVisit) -> None:
        """As Visits says."""
        await rows.end_visit(self._services, visit)

    async def hold(self, visit: OpenVisit, form: HeldForm) -> str:
        """As Visits says."""
        return await rows.hold_form(self._services, visit, form)

    async def take(self, visit: OpenVisit, form_id: str) -> HeldForm | None:
        """As Visits says."""
        return await rows.take_held_form(self._services, visit, form_id)


class VisitKeeper:
    """Writes and reads the cookies of visits, the tokens of their forms, and tickets that go through other hands.

    Changing the operator token ends every stranger's visit, and every form and ticket, because the keys come from it.
    """

    def __init__(self, visits: Visits, *, operator_token: str, idle_seconds: int) -> None:
        self.visits = visits
        self._root = operator_token.encode()
        self._visit_key = self._derived(b"commcredits portal visit")
        self._form_key = self._derived(b"commcredits portal form")
        self._ticket_key = self._derived(b"commcredits portal ticket")
        self._idle_seconds = idle_seconds

    def begin(self, now: datetime) -> Visit:
        """A new visit, not signed in."""
        return Visit(visit_id=secrets.token_urlsafe(_ID_BYTES), seen_at=_seconds(now))

    def write(self, visit: Visit, now: datetime) -> str:
        """A stranger's cookie: what is known of the visit, and the signature over it."""
        content = json.dumps([visit.visit_id, _seconds(now)], separators=(",", ":"))
        payload = _encoded(content.encode())
        return f"{_STRANGER}.{payload}.{self._signature(self._visit_key, payload)}"

    def write_secret(self, secret: str) -> str:
        """The cookie of somebody who is signed in."""
        return f"{_SIGNED_IN}.{secret}"

    async def read(self, cookie: str, now: datetime, source: str) -> Visit | None:
        """The visit of a cookie; None when it was not made by us, or is over."""
        form, _, rest = cookie.partition(".")
        if len(cookie) > COOKIE_LENGTH_MAX or not cookie.isascii():
            return None
        if form == _SIGNED_IN and len(rest) == _SECRET_CHARACTERS:
            found = await self.visits.find(rest)
            if found is None:
                return None
            actor = actor_of(found, source=source)
            return Visit(visit_id=found.visit_id, seen_at=_seconds(found.seen_at), open=found, actor=actor)
        return self._stranger(rest, now) if form == _STRANGER else None

    def is_stale(self, visit: Visit, now: datetime) -> bool:
        """Whether a sign of life of the visit is worth writing down."""
        return _seconds(now) - visit.seen_at > _RENEWED_AFTER.total_seconds()

    def form_token(self, visit: Visit) -> str:
        """The CSRF token of a visit's forms."""
        return hmac.new(self._form_key, visit.visit_id.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, visit: Visit, candidate: str) -> bool:
        """Whether a posted form came from a page of this visit."""
        return hmac.compare_digest(candidate.encode("utf-8", "replace"), self.form_token(visit).encode())

    def ticket(self, visit: Visit, purpose: str, content: dict[str, Any], now: datetime) -> str:
        """What only this visit can bring back, for this purpose: readable by everybody, and signed."""
        about = {**content, "at": _seconds(now), "is": secrets.token_urlsafe(_ID_BYTES)}
        payload = _encoded(json.dumps(about, separators=(",", ":")).encode())
        return f"{payload}.{self._ticket_signature(visit, purpose, payload)}"

    def read_ticket(
        self, visit: Visit, purpose: str, ticket: str, now: datetime, *, lasts: timedelta
    ) -> dict[str, Any] | None:
        """What stands in a ticket; None when it is not ours, another visit's, for something else, or too old."""
        payload, _, signature = ticket.partition(".")
        if len(ticket) > TICKET_LENGTH_MAX or not ticket.isascii():
            return None
        if not hmac.compare_digest(signature, self._ticket_signature(visit, purpose, payload)):
            return None
        content: dict[str, Any] = json.loads(_decoded(payload))
        age = _seconds(now) - int(content["at"])
        return content if 0 <= age <= lasts.total_seconds() else None

    def secret_of(self, ticket: str, purpose: str) -> str:
        """A secret that belongs to a ticket and stands nowhere: 43 letters, digits and marks."""
        return self._signature(self._ticket_key, f"{purpose}:{ticket}")

    def _stranger(self, rest: str, now: datetime) -> Visit | None:
        payload, _, signature = rest.partition(".")
        if not hmac.compare_digest(signature, self._signature(self._visit_key, payload)):
            return None
        try:
            visit_id, seen_at = json.loads(_decoded(payload))
        except (binascii.Error, ValueError, TypeError):
            return None
        is_over = _seconds(now) - seen_at > self._idle_seconds
        return None if is_over else Visit(visit_id=visit_id, seen_at=seen_at)

    def _ticket_signature(self, visit: Visit, purpose: str, payload: str) -> str:
        return self._signature(self._ticket_key, f"{purpose}:{visit.visit_id}:{payload}")

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.new(self._root, purpose, hashlib.sha256).digest()

    def _signature(self, key: bytes, payload: str) -> str:
        return _encoded(hmac.new(key, payload.encode(), hashlib.sha256).digest())


def token_mark(operator_token: str) -> str:
    """What stands for the operator token in the visits that it began; it tells nothing of the token."""
    return hmac.new(operator_token.encode(), b"commcredits portal token visit", hashlib.sha256).hexdigest()


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decoded(payload: str) -> bytes:
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))


def _seconds(now: datetime) -> int:
    return int(now.timestamp())
