"""Approving a payment without signing in: whoever was mailed its address may let the bank ask, and sees no more.

Knows one attempt by its id. Refuses to tell apart ids that never were from payments that are settled, except to whoever
pressed the button while it waited: the address that they come back to carries a proof.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.leaving import lead_away
from commcredits.edges.portal.method_ports import ApprovalView, MethodOperations
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked

ATTEMPTS_PER_MINUTE: Final = 6
"""How often a minute the gateway is asked about one payment that there is.

Looks for ids are not counted: nobody guesses one, and a count of everybody's would let a stranger who tries them keep
payers from approving.
"""

_IDS_MAX: Final = 1_000
_MINUTE: Final = timedelta(minutes=1)
_PROOF: Final = "proof"


@dataclass(slots=True)
class Attempts:
    """Counts attempts by name over the last minute, and forgets the names that were quiet longest."""

    _instants: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)

    def allow(self, name: str, most: int, now: datetime) -> bool:
        """Whether one more is allowed; if so it is counted."""
        instants = self._instants.setdefault(name, deque())
        self._instants.move_to_end(name)
        while len(self._instants) > _IDS_MAX:
            self._instants.popitem(last=False)
        while instants and now - instants[0] >= _MINUTE:
            instants.popleft()
        if len(instants) >= most:
            return False
        instants.append(now)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovePages:
    """Each method answers one address."""

    door: Door
    operations: Callable[[Page], MethodOperations]
    attempts: Attempts = field(default_factory=Attempts)

    async def ask(self, page: Page) -> Response:
        """Amount, card and a button while it waits; else that nothing waits."""
        found = await self.operations(page).approval(_top_up_id(page), asks_gateway=False)
        return self._page(page, found)

    async def approve(self, page: Page) -> Response:
        """Lead the payer to the gateway's page, or to what it came to meanwhile."""
        top_up_id = _top_up_id(page)
        found = await self.operations(page).approval(top_up_id, asks_gateway=False)
        if found is None or not found.waits:
            return self._page(page, found)
        # Counted only now: ids of nothing would push those of payments out.
        if not self._may_ask_gateway(top_up_id):
            return self._too_many(page)
        done = page.links.approved(top_up_id, **{_PROOF: self._proof(top_up_id)})
        resumed = await self.operations(page).resume_payment(top_up_id, return_path=done)
        if isinstance(resumed, Refused):
            if resumed.code is RefusalCode.PAYMENT_NOT_OPEN:
                return self._lead(page, done)
            return self._page(page, found, problem=page.speech.refusal(resumed, found.currency))
        if resumed.waits and resumed.url:
            back = page.links.approve(top_up_id)
            return lead_away(self.door, page, resumed.url, gateway="", back=back, asks_for="approval")
        return self._lead(page, done)

    async def done(self, page: Page) -> Response:
        """What became of it, for whoever approved it; nothing for anybody else."""
        top_up_id = _top_up_id(page)
        if not hmac.compare_digest(page.request.query_params.get(_PROOF, "").encode(), self._proof(top_up_id).encode()):
            return self._page(page, None)
        asks_gateway = self._may_ask_gateway(top_up_id)
        found = await self.operations(page).approval(top_up_id, asks_gateway=asks_gateway)
        if found is None:
            return self._page(page, None)
        return self.door.html("approve_done.html", page, approval=found)

    def _page(self, page: Page, found: ApprovalView | None, *, problem: str = "") -> Response:
        waiting = found if found is not None and found.waits else None
        return self.door.html(
            "approve.html", page, status=503 if problem else 200, approval=waiting, problem=problem, here=_here(page)
        )

    def _lead(self, page: Page, address: str) -> Response:
        if page.is_fragment:
            return Response(status_code=200, headers={"HX-Redirect": address})
        return self.door.see_other(address)

    def _too_many(self, page: Page) -> Response:
        response = self.door.problem(
            page,
            status=429,
            title=page.speech.say(marked("Too many attempts")),
            sentence=page.speech.say(marked("Nothing was done. Wait a minute, then try again.")),
        )
        response.headers["Retry-After"] = "60"
        return response

    def _may_ask_gateway(self, top_up_id: str) -> bool:
        return self.attempts.allow(top_up_id, ATTEMPTS_PER_MINUTE, self.door.now())

    def _proof(self, top_up_id: str) -> str:
        """What only the portal can write: that this id was approved from its page."""
        key = self.door.settings.operator_token.encode()
        return hmac.new(key, b"commcredits portal approval " + top_up_id.encode(), hashlib.sha256).hexdigest()


def _top_up_id(page: Page) -> str:
    return str(page.request.path_params["top_up_id"])


def _here(page: Page) -> str:
    return page.links.approve(_top_up_id(page))
