"""The pages of minute pools, blocked users and conference dial-out.

Knows which question each page asks and which template shows the answer. Refuses to decide who may be unblocked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from starlette.responses import Response

from commcredits.core.calendar import month_of
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import BlockedKind
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.calls.links import call_links
from commcredits.edges.portal.charts import share
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import COMMAND_ID, FormView, new_command_id
from commcredits.edges.portal.framing import Framed, framed, number_in
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.reports.links import report_links
from commcredits.edges.portal.reports.money_pages import csv_answer, read_day
from commcredits.edges.translations import marked
from commcredits.operations.blocks import lift_block, list_blocks
from commcredits.operations.dial_out import list_dial_out_legs, report_dial_out
from commcredits.operations.numbers_of_people import first_numbers
from commcredits.operations.pools import PoolRecord, list_own_minutes, report_pools
from commcredits.operations.report_files import dial_out_csv, legs_csv
from commcredits.operations.spending import TOP_MAX
from commcredits.operations.spending_days import local_day

BLOCKS_PER_PAGE: Final = 50
ORGANIZERS_PER_PAGE: Final = 50
OWN_MINUTES_SHOWN: Final = 50
MONTHS_BACK: Final = 12
WARNED_AT: Final = (80, 100)
"""From how many per cent of its minutes on a pool is warned of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPages:
    """Each method answers one address."""

    door: Door

    async def pools(self, page: Page) -> Response:
        """Minute pools of a month, what they cost beyond, and the credits beside them."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        current = month_of(self.door.now(), frame.organization.time_zone)
        asked = {"organization_id": page.organization_id, "month": page.request.query_params.get("month", "")[:20]}
        report = await report_pools(frame.page.services, **asked)
        if isinstance(report, Refused):
            return self._pools_refused(page, report)
        own = await list_own_minutes(frame.page.services, **asked, limit=OWN_MINUTES_SHOWN)
        if isinstance(own, Refused):
            return self._pools_refused(page, own)
        return self.door.html(
            "reports/pools.html",
            frame.page,
            organization=frame.organization,
            report=report,
            own_minutes=own,
            months=[(month, _month_name(frame, day)) for month, day in _months(current)],
            current=current,
            month_form=FormView(values={"month": report.month}, command_id=""),
            licences=roster_words.LICENCES,
            percent=used_percent,
            share=share,
            reports=report_links(page),
        )

    async def blocked(self, page: Page) -> Response:
        """Blocks in force, or all there ever were."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        query = page.request.query_params
        everything = query.get("all") == "yes"
        listed = await list_blocks(
            frame.page.services,
            organization_id=page.organization_id,
            in_force=not everything,
            cursor=query.get("cursor"),
            limit=BLOCKS_PER_PAGE,
        )
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        users = tuple(each.subject for each in listed.items if each.kind is BlockedKind.USER)
        numbers = await first_numbers(frame.page.services, organization_id=page.organization_id, user_ids=users)
        return self.door.html(
            "reports/blocked.html",
            frame.page,
            organization=frame.organization,
            listed=listed,
            everything=everything,
            is_first=query.get("cursor") is None,
            reasons=roster_words.BLOCK_REASONS,
            lifted=query.get("lifted") == "yes",
            reports=report_links(page),
            numbers={} if isinstance(numbers, Refused) else numbers,
            command_id=new_command_id(),
        )

    async def lift(self, page: Page) -> Response:
        """Lift a block; whoever may not is told so."""
        done = await lift_block(
            page.services,
            organization_id=page.organization_id,
            command_id=page.form.get(COMMAND_ID, "")[:200],
            block_id=str(page.request.path_params["block_id"]),
            lifted_by=page.actor.name or page.actor.actor_id,
        )
        if isinstance(done, Refused):
            return self.door.refused(page, done)
        return self.door.see_other(report_links(page).blocked(lifted="yes"))

    async def dial_out(self, page: Page) -> Response:
        """Conference dial-out by organizer."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        first, last = self._days(frame)
        skipped = min(number_in(page, "after"), TOP_MAX)
        report = await report_dial_out(
            frame.page.services,
            organization_id=page.organization_id,
            first_day=first,
            last_day=last,
            skipped=skipped,
            # One more than is shown tells whether there is a next page.
            limit=ORGANIZERS_PER_PAGE + 1,
        )
        if isinstance(report, Refused):
            return self._days_refused(page, report)
        return self.door.html(
            "reports/dial_out.html",
            frame.page,
            organization=frame.organization,
            report=report,
            form=_days_form(report.first_day, report.last_day),
            query={"first": report.first_day.isoformat(), "last": report.last_day.isoformat()},
            reports=report_links(page),
            is_first=not skipped,
            organizers=report.organizers[:ORGANIZERS_PER_PAGE],
            next_after=str(skipped + ORGANIZERS_PER_PAGE) if len(report.organizers) > ORGANIZERS_PER_PAGE else "",
        )

    async def dial_out_file(self, page: Page) -> Response:
        """The same as a file."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        first, last = self._days(frame)
        report = await report_dial_out(
            frame.page.services, organization_id=page.organization_id, first_day=first, last_day=last
        )
        if isinstance(report, Refused):
            return self._days_refused(page, report)
        return csv_answer(dial_out_csv(report), f"dial-out.{report.first_day}.{report.last_day}.csv")

    async def legs(self, page: Page) -> Response:
        """The conference legs of one organizer."""
        return await self._legs(page, is_file=False)

    async def legs_file(self, page: Page) -> Response:
        """The same as a file."""
        return await self._legs(page, is_file=True)

    async def _legs(self, page: Page, *, is_file: bool) -> Response:
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        first, last = self._days(frame)
        user_id = str(page.request.path_params["user_id"])
        found = await list_dial_out_legs(
            frame.page.services,
            organization_id=page.organization_id,
            user_id=user_id,
            first_day=first,
            last_day=last,
        )
        if isinstance(found, Refused):
            return self._days_refused(page, found)
        if is_file:
            name = f"dial-out-legs.{first}.{last}.csv"
            return csv_answer(legs_csv(found.legs, frame.organization.currency), name)
        return self.door.html(
            "reports/legs.html",
            frame.page,
            organization=frame.organization,
            found=found,
            calls=call_links(page),
            form=_days_form(first, last),
            query={"first": first.isoformat(), "last": last.isoformat()},
            reports=report_links(page),
        )

    def _days(self, frame: Framed) -> tuple[date, date]:
        """The days that the address names; the month so far where it names none, or none that can be read."""
        today = local_day(self.door.now(), frame.organization.time_zone)
        query = frame.page.request.query_params
        last = read_day(query.get("last", "")) or today
        return read_day(query.get("first", "")) or last.replace(day=1), last

    def _pools_refused(self, page: Page, refused: Refused) -> Response:
        sentence = marked("Choose a month that has begun.")
        return self._refused_input(page, refused, sentence)

    def _days_refused(self, page: Page, refused: Refused) -> Response:
        sentence = marked("Choose a first day that is not after the last one, and at most three years.")
        return self._refused_input(page, refused, sentence)

    def _refused_input(self, page: Page, refused: Refused, sentence: str) -> Response:
        if refused.code is not RefusalCode.INVALID_INPUT:
            return self.door.refused(page, refused)
        return self.door.problem(
            page,
            status=422,
            title=page.speech.say(marked("This page can't be shown now")),
            sentence=page.speech.say(sentence),
        )


def used_percent(pool: PoolRecord) -> int:
    """How much of a pool is used and held, in whole per cent rounded down, so that 100 means that nothing is left."""
    taken = pool.used_minutes + pool.held_minutes
    if pool.total_minutes <= 0:
        return 100 if taken else 0
    return taken * 100 // pool.total_minutes


def _days_form(first: date, last: date) -> FormView:
    return FormView(values={"first": first.isoformat(), "last": last.isoformat()}, command_id="")


def _month_name(frame: Framed, day: date) -> str:
    # The middle of a month is in that month in every time zone.
    return frame.page.speech.formats.month(datetime(day.year, day.month, 15, 12, tzinfo=UTC))


def _months(current: str) -> tuple[tuple[str, date], ...]:
    """The month that is now and those before it, each with its first day."""
    day = date.fromisoformat(f"{current}-01")
    months = []
    for _number in range(MONTHS_BACK + 1):
        months.append((f"{day.year:04d}-{day.month:02d}", day))
        day = (day - timedelta(days=1)).replace(day=1)
    return tuple(months)
