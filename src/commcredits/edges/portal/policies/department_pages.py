"""The page of departments: the cap of each, how much of it is used, setting and lifting one.

Knows the page and its form. Refuses to know which calls a department pays for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from msgspec.structs import replace as replace_struct
from starlette.responses import Response

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import PartyKind
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.policies.fields import FieldReader, amount_text
from commcredits.edges.portal.policies.links import policy_links
from commcredits.edges.translations import marked
from commcredits.operations.limit_use import MeterUse, read_limit_use
from commcredits.operations.people_lists import list_groups
from commcredits.operations.rules import Rules, RulesRecord, change_rules, read_rules

DEPARTMENT: Final = "department"
CAP: Final = "cap"
WAS: Final = "was"
"""The field that carries the cap that the form was filled in for, so that nobody overwrites what they did not see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CappedDepartment:
    """A department, its cap in millionths (None for none), what is used of it, and how many people it has."""

    name: str
    cap_micros: int | None
    used_micros: int | None
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentPages:
    """Each method answers one address."""

    door: Door

    async def departments(self, page: Page) -> Response:
        """Every department that has people or a cap."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        return await self._departments(frame, None)

    async def save(self, page: Page) -> Response:
        """Set the cap of one department, or lift it; the form comes back where something is wrong in it."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        record = await read_rules(page.services, organization_id=page.organization_id)
        if isinstance(record, Refused):
            return self.door.refused(page, record)
        department = " ".join(page.form.get(DEPARTMENT, "").split())
        values = {DEPARTMENT: department, CAP: page.form.get(CAP, "").strip(), WAS: page.form.get(WAS, "")}
        reader = FieldReader(page.form, frame.page.speech, record.currency)
        cap_micros = reader.amount(CAP, record.rules.limits.department_monthly_max_micros.get(department))
        if not department:
            reader.errors[DEPARTMENT] = page.speech.say(marked("Choose a department."))
        if reader.errors:
            return await self._departments(frame, FormView(values=values, errors=reader.errors, command_id=""), 422)
        has_moved = False

        def change(before: Rules) -> Rules:
            nonlocal has_moved
            caps = dict(before.limits.department_monthly_max_micros)
            has_moved = _written(caps.get(department)) != values[WAS]
            if has_moved:
                return before
            caps.pop(department, None)
            if cap_micros is not None:
                caps[department] = cap_micros
            return replace(before, limits=replace_struct(before.limits, department_monthly_max_micros=caps))

        saved = await change_rules(page.services, organization_id=page.organization_id, change=change)
        if isinstance(saved, Refused):
            if saved.code is RefusalCode.INVALID_INPUT:
                sentence = page.speech.say(marked("Enter the name of a department, at most 200 characters."))
                form = FormView(values=values, errors={DEPARTMENT: sentence}, command_id="")
                return await self._departments(frame, form, 422)
            return self.door.refused(page, saved)
        if has_moved:
            sentence = page.speech.say(marked("Somebody has changed this cap meanwhile. Nothing was done."))
            caps = saved.rules.limits.department_monthly_max_micros
            values[WAS] = _written(caps.get(department))
            return await self._departments(frame, FormView(values=values, problem=sentence, command_id=""), 409)
        return self.door.see_other(policy_links(page).departments(notice="saved"))

    async def _departments(self, frame: Framed, form: FormView | None, status: int = 200) -> Response:
        page, place = frame.page, {"organization_id": frame.page.organization_id}
        record = await read_rules(page.services, **place)
        if isinstance(record, Refused):
            return self.door.refused(page, record)
        use = await read_limit_use(page.services, **place)
        if isinstance(use, Refused):
            return self.door.refused(page, use)
        counts: dict[str, int] = {}
        if page.may(Permission.USERS_READ):
            groups = await list_groups(page.services, **place, kind=PartyKind.USER)
            if not isinstance(groups, Refused):
                counts = {group.name: group.people for group in groups.departments if group.name}
        return self.door.html(
            "policies/departments.html",
            page,
            status=status,
            organization=frame.organization,
            policies=policy_links(page),
            departments=_capped(record, use.departments, counts),
            form=form or self._filled_in(frame, record),
            month=use.month,
            currency=record.currency,
            notice=page.request.query_params.get("notice", ""),
        )

    def _filled_in(self, frame: Framed, record: RulesRecord) -> FormView:
        """The form for the department that the address names."""
        department = frame.page.request.query_params.get(DEPARTMENT, "")[:200]
        standing = record.rules.limits.department_monthly_max_micros.get(department)
        values = {
            DEPARTMENT: department,
            CAP: amount_text(standing, frame.page.speech, record.currency),
            WAS: _written(standing),
        }
        return FormView(values=values, command_id="")


def _capped(record: RulesRecord, used: tuple[MeterUse, ...], counts: dict[str, int]) -> tuple[CappedDepartment, ...]:
    """Departments with a cap first, then the others, each by name."""
    caps = record.rules.limits.department_monthly_max_micros
    meters = {each.subject: each.counted for each in used}
    names = [*sorted(caps), *sorted(name for name in counts if name not in caps)]
    return tuple(
        CappedDepartment(
            name=name,
            cap_micros=caps.get(name),
            used_micros=meters.get(name, 0) if name in caps else None,
            people=counts.get(name, 0),
        )
        for name in names
    )


def _written(cap_micros: int | None) -> str:
    return "" if cap_micros is None else str(cap_micros)
