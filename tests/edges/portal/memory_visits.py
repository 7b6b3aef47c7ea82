"""Visits in the memory of one test, for pages that need no database.

Knows the same rules as the database: idle and longest time, and one secret for each visit. Refuses to throttle.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from commcredits.core.access import Role
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.visits import Came, Entrant, HeldForm, OpenVisit, Way, name_of
from commcredits.storage.identifiers import OPERATOR_ID


@dataclass(slots=True, kw_only=True)
class _Kept:
    visit: OpenVisit
    held: tuple[str, HeldForm] | None = None


class MemoryVisits:
    """Visits by their secrets."""

    def __init__(self, settings: PortalSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._kept: dict[str, _Kept] = {}

    async def token_entrant(self, token: str, _came: Came) -> Entrant | Refused:
        """Whoever knows the operator token."""
        if not hmac.compare_digest(token.encode(), self._settings.operator_token.encode()):
            return Refused(code=RefusalCode.SIGN_IN_FAILED)
        return Entrant(organization_id=OPERATOR_ID, administrator_id=None, roles=(Role.OPERATOR_OWNER,), way=Way.TOKEN)

    async def begin(self, entrant: Entrant, _came: Came) -> str:
        """The secret of a new visit."""
        secret, now = secrets.token_hex(32), self._now()
        visit = OpenVisit(
            visit_id=str(uuid.uuid4()),
            organization_id=entrant.organization_id,
            administrator_id=entrant.administrator_id,
            person_id=None,
            name=name_of(entrant.way),
            address="",
            roles=entrant.roles,
            way=entrant.way,
            detail=entrant.detail,
            began_at=now,
            seen_at=now,
            proved_at=now,
        )
        self._kept[secret] = _Kept(visit=visit)
        return secret

    async def find(self, secret: str) -> OpenVisit | None:
        """The visit of a secret, while it lasts."""
        kept = self._kept.get(secret)
        if kept is None:
            return None
        now, visit = self._now(), kept.visit
        is_idle = now - visit.seen_at > timedelta(seconds=self._settings.idle_seconds)
        is_old = now - visit.began_at > timedelta(seconds=self._settings.visit_seconds_max)
        return None if is_idle or is_old else visit

    async def see(self, visit: OpenVisit) -> None:
        """Begin its idle time anew."""
        kept = self._of(visit)
        kept.visit = replace(kept.visit, seen_at=self._now())

    async def prove(self, visit: OpenVisit) -> None:
        """Note the proof."""
        kept = self._of(visit)
        kept.visit = replace(kept.visit, proved_at=self._now())

    async def end(self, visit: OpenVisit) -> None:
        """End it."""
        self._kept = {secret: kept for secret, kept in self._kept.items() if kept.visit.visit_id != visit.visit_id}

    async def hold(self, visit: OpenVisit, form: HeldForm) -> str:
        """Keep a form."""
        form_id = str(uuid.uuid4())
        self._of(visit).held = (form_id, form)
        return form_id

    async def take(self, visit: OpenVisit, form_id: str) -> HeldForm | None:
        """The form, once."""
        kept = self._of(visit)
        held, kept.held = kept.held, None
        return held[1] if held is not None and held[0] == form_id else None

    def _of(self, visit: OpenVisit) -> _Kept:
        return next(kept for kept in self._kept.values() if kept.visit.visit_id == visit.visit_id)
