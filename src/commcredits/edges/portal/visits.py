"""Who is at the portal: a signed cookie that says whether this browser proved to know the operator token.

Knows keys derived from that token. Refuses to know people and roles, which come with the portal's own sign-in. A visit
begins unsigned, so that the sign-in form has its CSRF token too, and gets a new id at sign-in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

COOKIE_LENGTH_MAX: Final = 512
"""Longest cookie that is looked at."""

_FORM: Final = "1"
_ID_BYTES: Final = 16
_FORGOTTEN_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One browser's visit. Instants are whole seconds since 1970; ``signed_in_at`` is 0 before sign-in."""

    visit_id: str
    signed_in_at: int
    seen_at: int

    @property
    def is_signed_in(self) -> bool:
        """Whether the operator token was shown in this visit."""
        return self.signed_in_at > 0


class VisitKeeper:
    """Opens, signs, reads and ends visits.

    ``idle_seconds`` ends a visit that nothing was asked of, ``visit_seconds_max`` any visit. Changing the operator
    token ends them all, because the keys come from it. Visits that were signed out of are remembered in this process
    until they would have ended anyway, so that a copied cookie is of no use after sign-out.
    """

    def __init__(self, *, operator_token: str, idle_seconds: int, visit_seconds_max: int) -> None:
        self._operator_token = operator_token.encode()
        self._visit_key = self._derived(b"commcredits portal visit")
        self._form_key = self._derived(b"commcredits portal form")
        self._idle_seconds = idle_seconds
        self._visit_seconds_max = visit_seconds_max
        self._forgotten: dict[str, int] = {}

    def begin(self, now: datetime) -> Visit:
        """A new visit, not signed in."""
        return Visit(visit_id=secrets.token_urlsafe(_ID_BYTES), signed_in_at=0, seen_at=_seconds(now))

    def sign_in(self, token: str, now: datetime) -> Visit | None:
        """A new, signed-in visit, or None when that is not the operator token; takes the same time either way."""
        if not hmac.compare_digest(token.encode(), self._operator_token):
            return None
        return replace(self.begin(now), signed_in_at=_seconds(now))

    def sign_out(self, visit: Visit, now: datetime) -> Visit:
        """A new visit; the old one's cookie is worth nothing from here on."""
        self._forgotten = {each: ends for each, ends in self._forgotten.items() if ends > _seconds(now)}
        if len(self._forgotten) >= _FORGOTTEN_MAX:
            self._forgotten.pop(next(iter(self._forgotten)))
        self._forgotten[visit.visit_id] = _seconds(now) + self._idle_seconds
        return self.begin(now)

    def seen(self, visit: Visit, now: datetime) -> Visit:
        """The visit, with its idle time begun anew."""
        return replace(visit, seen_at=_seconds(now))

    def write(self, visit: Visit) -> str:
        """The cookie's value: what is known of the visit, and the signature over it."""
        content = json.dumps([visit.visit_id, visit.signed_in_at, visit.seen_at], separators=(",", ":"))
        payload = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
        return f"{_FORM}.{payload}.{self._signature(payload)}"

    def read(self, cookie: str, now: datetime) -> Visit | None:
        """The visit of a cookie; None when it was not signed by us, is over, or was signed out of."""
        form, _, rest = cookie.partition(".")
        payload, _, signature = rest.partition(".")
        if len(cookie) > COOKIE_LENGTH_MAX or form != _FORM or not cookie.isascii():
            return None
        if not hmac.compare_digest(signature, self._signature(payload)):
            return None
        try:
            content = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (binascii.Error, ValueError):
            return None
        visit = Visit(visit_id=content[0], signed_in_at=content[1], seen_at=content[2])
        return None if self._is_over(visit, _seconds(now)) else visit

    def form_token(self, visit: Visit) -> str:
        """The CSRF token of a visit's forms."""
        return hmac.new(self._form_key, visit.visit_id.encode(), hashlib.sha256).hexdigest()

    def is_form_token(self, visit: Visit, candidate: str) -> bool:
        """Whether a posted form came from a page of this visit."""
        return hmac.compare_digest(candidate.encode(), self.form_token(visit).encode())

    def _is_over(self, visit: Visit, now: int) -> bool:
        idle = now - visit.seen_at > self._idle_seconds
        old = visit.is_signed_in and now - visit.signed_in_at > self._visit_seconds_max
        return idle or old or visit.visit_id in self._forgotten

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.new(self._operator_token, purpose, hashlib.sha256).digest()

    def _signature(self, payload: str) -> str:
        signed = hmac.new(self._visit_key, payload.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(signed).decode().rstrip("=")


def _seconds(now: datetime) -> int:
    return int(now.timestamp())
