"""The routes of reports.

Knows which page answers which address. Refuses to know what the pages show.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from commcredits.edges.portal.door import Door
from commcredits.edges.portal.reports import links
from commcredits.edges.portal.reports.money_pages import MoneyPages
from commcredits.edges.portal.reports.pages import ReportPages


def report_routes(door: Door) -> list[BaseRoute]:
    """Files before pages, whose addresses would otherwise take theirs."""
    money, pages, guarded = MoneyPages(door=door), ReportPages(door=door), door.guarded
    return [
        Route(links.SPENDING, guarded(money.spending)),
        Route(links.SPENDING_FILE, guarded(money.spending_file)),
        Route(links.STATEMENTS, guarded(money.statements)),
        Route(links.STATEMENT_FILE, guarded(money.statement_file)),
        Route(links.STATEMENT, guarded(money.statement)),
        Route(links.POOLS, guarded(pages.pools)),
        Route(links.BLOCKED, guarded(pages.blocked)),
        Route(links.LIFT, guarded(pages.lift), methods=["POST"]),
        Route(links.DIAL_OUT, guarded(pages.dial_out)),
        Route(links.DIAL_OUT_FILE, guarded(pages.dial_out_file)),
        Route(links.LEGS_FILE, guarded(pages.legs_file)),
        Route(links.LEGS, guarded(pages.legs)),
    ]
