"""The pages of an organization's rules: what is in force and how much of it is used, changing it after a look.

Knows the three steps: the form, what would change, saving just that. Refuses to know what rules do to a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.pools import POOLED
from commcredits.core.roster import CallsWithoutUser, ConferenceDialOut, PartyKind, PoolSize, UserDialOut
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people.links import people_links
from commcredits.edges.portal.policies import rule_forms
from commcredits.edges.portal.policies.links import policy_links
from commcredits.edges.portal.policies.matrix import matrix
from commcredits.edges.portal.policies.rule_forms import (
    NAMES,
    differences,
    digest_of,
    read_rules_form,
    rule_values,
)
from commcredits.operations.limit_use import read_limit_use
from commcredits.operations.rules import Rules, RulesRecord, change_rules, read_rules

DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPages:
    """Each method answers one address."""

    door: Door

    async def policies(self, page: Page) -> Response:
        """What is in force, and how much of it is used."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        record = await read_rules(page.services, organization_id=page.organization_id)
        if isinstance(record, Refused):
            return self.door.refused(page, record)
        use = await read_limit_use(page.services, organization_id=page.organization_id)
        if isinstance(use, Refused):
            return self.door.refused(page, use)
        rules = record.rules
        return self._html(
            "policies/policies.html",
            frame,
            record=record,
            rules=rules,
            use=use,
            rows=matrix(rules.dial_out, frame.organization.country, premium_allowed=rules.premium_allowed),
            pooled=POOLED,
            assigned=PoolSize.ASSIGNED,
            notice=page.request.query_params.get("notice", ""),
        )

    async def change_form(self, page: Page) -> Response:
        """The form, filled in with what is in force."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        record = await self._standing(page)
        if isinstance(record, Refused):
            return self.door.refused(page, record)
        values = rule_values(record.rules, frame.page.speech, record.currency)
        return self._form(frame, record, FormView(values=values, command_id=""))

    async def review(self, page: Page) -> Response:
        """What would change; the form again where something is wrong in it, or where somebody wants it back."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        record = await self._standing(page)
        if isinstance(record, Refused):
            return self.door.refused(page, record)
        wanted = read_rules_form(page.form, record.rules, frame.page.speech, record.currency)
        if isinstance(wanted, FormView):
            return self._form(frame, record, wanted, status=422)
        if page.form.get("step") == "back":
            values = {name: page.form.get(name, "")[:64] for name in NAMES}
            return self._form(frame, record, FormView(values=values, command_id=""))
        return self._review(frame, record, wanted)

    async def save(self, page: Page) -> Response:
        """Put in force what was looked at; what would change now, where somebody else was faster."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        record = await self._standing(page)
        if isinstance(record, Refused):
            return self.door.refused(page, record)
        wanted = read_rules_form(page.form, record.rules, frame.page.speech, record.currency)
        if isinstance(wanted, FormView):
            return self._form(frame, record, wanted, status=422)
        expected, found = page.form.get(DIGEST, ""), ""

        def change(before: Rules) -> Rules:
            nonlocal found
            found = digest_of(before)
            # Departments have a page of their own: what stands there stays, whoever has changed it meanwhile.
            return wanted if found == expected else before

        saved = await change_rules(page.services, organization_id=page.organization_id, change=change)
        if isinstance(saved, Refused):
            return self.door.refused(page, saved)
        if found != expected:
            again = read_rules_form(page.form, saved.rules, frame.page.speech, saved.currency)
            if isinstance(again, FormView):
                return self._form(frame, saved, again, status=422)
            return self._review(frame, saved, again, has_moved=True)
        return self.door.see_other(policy_links(page).policies(notice="saved"))

    async def _standing(self, page: Page) -> RulesRecord | Refused:
        """The rules as they stand, for whoever may change them."""
        if not page.may(Permission.POLICIES_WRITE):
            return Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": Permission.POLICIES_WRITE.value})
        return await read_rules(page.services, organization_id=page.organization_id)

    def _form(self, frame: Framed, record: RulesRecord, form: FormView, *, status: int = 200) -> Response:
        say = frame.page.speech.say
        return self._html(
            "policies/change.html",
            frame,
            status=status,
            form=form,
            currency=record.currency,
            names=rule_forms,
            conferences=tuple(
                (cell.value, say(roster_words.CONFERENCE_DIAL_OUTS[cell]), "") for cell in ConferenceDialOut
            ),
            users=tuple((cell.value, say(roster_words.USER_DIAL_OUTS[cell]), "") for cell in UserDialOut),
            without_user=tuple(
                (cell.value, say(roster_words.CALLS_WITHOUT_USER[cell]), "") for cell in CallsWithoutUser
            ),
            sizes=tuple((size.value, say(roster_words.POOL_SIZES[size])) for size in PoolSize),
            pooled=POOLED,
        )

    def _review(self, frame: Framed, record: RulesRecord, wanted: Rules, *, has_moved: bool = False) -> Response:
        return self._html(
            "policies/review.html",
            frame,
            status=409 if has_moved else 200,
            changes=differences(record.rules, wanted, frame.page.speech, record.currency),
            hidden=rule_values(wanted, frame.page.speech, record.currency),
            digest=digest_of(record.rules),
            has_moved=has_moved,
        )

    def _html(self, template: str, frame: Framed, *, status: int = 200, **values: object) -> Response:
        return self.door.html(
            template,
            frame.page,
            status=status,
            organization=frame.organization,
            policies=policy_links(frame.page),
            people=people_links(frame.page),
            user_kind=PartyKind.USER,
            words=roster_words,
            **values,
        )
