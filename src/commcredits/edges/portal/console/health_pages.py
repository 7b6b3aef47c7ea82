"""The console's pages of health: every sign with what to do, gateways, jobs, verifications.

Knows which question each page asks. Refuses to measure anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from commcredits.core.outcomes import Refused
from commcredits.edges.portal.console import words
from commcredits.edges.portal.console.desk import PER_PAGE, Desk, cursor_of
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.page import Page
from commcredits.operations.gateway_doctor import diagnose_gateways
from commcredits.operations.jobs import list_jobs
from commcredits.operations.service_health import measure_health
from commcredits.operations.verification_runs import ask_for_verification, get_verification, list_verifications


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPages:
    """Each method answers one address."""

    desk: Desk

    async def health(self, page: Page) -> Response:
        """Every sign, the worst first."""
        health = await measure_health(page.services)
        if isinstance(health, Refused):
            return self.desk.refused(page, health)
        return self.desk.show(page, "health.html", health=health, words=words)

    async def gateways(self, page: Page) -> Response:
        """What gateways find when they look at themselves, which takes seconds."""
        diagnoses = await diagnose_gateways(page.services)
        if isinstance(diagnoses, Refused):
            return self.desk.refused(page, diagnoses)
        return self.desk.show(page, "gateways.html", diagnoses=diagnoses)

    async def jobs(self, page: Page) -> Response:
        """Every round of the worker as it last ran."""
        jobs = await list_jobs(page.services)
        if isinstance(jobs, Refused):
            return self.desk.refused(page, jobs)
        return self.desk.show(page, "jobs.html", jobs=jobs, words=words)

    async def verifications(self, page: Page) -> Response:
        """Runs, newest first."""
        listed = await list_verifications(page.services, cursor=cursor_of(page), limit=PER_PAGE)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "verifications.html", listed=listed, words=words)

    async def verify(self, page: Page) -> Response:
        """Have the worker verify the books."""
        asked = await ask_for_verification(page.services)
        if isinstance(asked, Refused):
            return self.desk.refused(page, asked)
        return self.desk.done(console_links(page).to(f"verifications/{asked.run_id}", done="asked"))

    async def verification(self, page: Page) -> Response:
        """One run with where the books disagree."""
        run = await get_verification(page.services, run_id=str(page.request.path_params["run_id"]))
        if isinstance(run, Refused):
            return self.desk.refused(page, run)
        return self.desk.show(page, "verification.html", run=run, words=words)
