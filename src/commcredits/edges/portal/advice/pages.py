"""The pages of advice.

Knows which question each page asks of the operations and which template shows the answer. Refuses to know how advice
is worked out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commcredits.core.advice_anomalies import AnomalyKind
from commcredits.core.outcomes import Refused
from commcredits.core.roster import Licence, PartyKind
from commcredits.edges.portal import charts
from commcredits.edges.portal.advice import links, plots, sentences
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.framing import framed
from commcredits.edges.portal.home.sentences import rounded_share
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people.bulk_pages import ASSIGN, PICKED, REPLACES, WHOM
from commcredits.edges.portal.people.links import people_links
from commcredits.edges.portal.ports import DayOfConsumptionView
from commcredits.edges.portal.roster_words import LICENCES
from commcredits.operations.advice import NamedMove, read_advice, read_plan_advice
from commcredits.operations.people_bulk import PICKED_MAX

MOVES_SHOWN_MAX: Final = 200
DAYS_DRAWN: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveGroup:
    """Users who would all be cheaper on the same plan, and the fields that open the preview of giving it to them."""

    plan: Licence
    users: int
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvicePages:
    """Each method answers one address."""

    door: Door

    async def recharge(self, page: Page) -> Response:
        """What to set for auto-recharge, with the risk of every trigger."""
        return await self._advice(page, "advice/recharge.html", "recharge")

    async def forecast(self, page: Page) -> Response:
        """What the month will cost, and how long the balance lasts."""
        return await self._advice(page, "advice/forecast.html", "forecast")

    async def anomalies(self, page: Page) -> Response:
        """What was unusual of late."""
        return await self._advice(page, "advice/anomalies.html", "anomalies")

    async def expiring(self, page: Page) -> Response:
        """Which funds will expire unused."""
        return await self._advice(page, "advice/expiring.html", "expiring")

    async def plans(self, page: Page) -> Response:
        """Who would be cheaper on another plan."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        plans = await read_plan_advice(page.services, organization_id=page.organization_id)
        if isinstance(plans, Refused):
            return self.door.refused(page, plans)
        page = frame.page
        return self.door.html(
            "advice/plans.html",
            page,
            organization=frame.organization,
            advice_links=links.advice_links(page),
            people=people_links(page),
            tab="plans",
            plans=plans,
            shown=plans.moves[:MOVES_SHOWN_MAX],
            groups=_groups(plans.moves) if page.may("users.write") else (),
            licence_names=LICENCES,
            months=tuple(sentences.month_begin(month) for month in plans.months),
            user_kind=PartyKind.USER,
        )

    async def _advice(self, page: Page, template: str, tab: str) -> Response:
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        advice = await read_advice(page.services, organization_id=page.organization_id)
        if isinstance(advice, Refused):
            return self.door.refused(page, advice)
        page, recharge, month = frame.page, advice.recharge, advice.month
        drawn = () if month is None else month.recent[-DAYS_DRAWN:]
        return self.door.html(
            template,
            page,
            organization=frame.organization,
            advice_links=links.advice_links(page),
            people=people_links(page),
            tab=tab,
            advice=advice,
            words=sentences,
            plots=()
            if recharge is None
            else (
                ("plot-wide", plots.plot(recharge, width=plots.WIDE, ticks=plots.TICKS_WIDE)),
                ("plot-narrow", plots.plot(recharge, width=plots.NARROW, ticks=plots.TICKS_NARROW)),
            ),
            plot_height=plots.HEIGHT,
            plot_left=plots.LEFT,
            risk_rows=() if recharge is None else plots.rows(recharge),
            reasons=() if recharge is None else sentences.reasons(page, recharge, advice.currency),
            risk=None if recharge is None else sentences.risk_in_words(page, recharge),
            rounded_share=rounded_share,
            bars=charts.bars(
                [DayOfConsumptionView(day=each.day, charged_micros=each.charged_micros) for each in drawn]
            ),
            chart_width=charts.CHART_WIDTH,
            chart_height=charts.CHART_HEIGHT,
            month_begin=None if month is None else sentences.month_begin(month.month),
            kinds=AnomalyKind,
            one_day=timedelta(days=1),
        )


def _groups(moves: tuple[NamedMove, ...]) -> tuple[MoveGroup, ...]:
    """The moves of users by the plan that they go to; whoever has resource accounts changes these one by one."""
    users = sorted((each for each in moves if each.person.kind is PartyKind.USER), key=lambda each: each.move.new.value)
    found = []
    for plan, group in groupby(users, key=lambda each: each.move.new):
        ids = [each.move.user_id for each in group][:PICKED_MAX]
        fields = {WHOM: PICKED, PICKED: ",".join(ids), f"{ASSIGN}{plan}": "yes", REPLACES: "yes"}
        found.append(MoveGroup(plan=plan, users=len(ids), fields=fields))
    return tuple(found)


def advice_routes(door: Door) -> list[BaseRoute]:
    """The routes of advice."""
    pages = AdvicePages(door=door)
    return [
        Route(links.ADVICE, door.guarded(pages.recharge)),
        Route(links.PLANS, door.guarded(pages.plans)),
        Route(links.FORECAST, door.guarded(pages.forecast)),
        Route(links.ANOMALIES, door.guarded(pages.anomalies)),
        Route(links.EXPIRING, door.guarded(pages.expiring)),
    ]
