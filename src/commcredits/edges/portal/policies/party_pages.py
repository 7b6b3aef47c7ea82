"""The page of one user's own policy and cap: changing it after a look at what would change.

Knows the form and its three steps. Refuses to know what a policy does to a call.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import ConferenceDialOut, DialOutPolicy, PartyKind, UserDialOut
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people.links import people_links
from commcredits.edges.portal.policies.fields import Difference, FieldReader, amount_text, amount_words
from commcredits.edges.portal.policies.links import policy_links
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked
from commcredits.operations.limit_use import read_party_use
from commcredits.operations.party_policies import PartyPolicy, policy_of, set_party_policy
from commcredits.operations.people import PartyInfo, get_party
from commcredits.operations.rules import RulesRecord, read_rules

WHOSE: Final = "whose"
CONFERENCE: Final = "conference"
USER: Final = "user"
PREMIUM: Final = "premium"
TOLL_FREE: Final = "toll_free"
CAP: Final = "cap"
STEP: Final = "step"
SAVE: Final = "save"
REVIEW: Final = "review"
DIGEST: Final = "digest"

OWN: Final = "own"
ORGANIZATION: Final = "organization"
YES: Final = "yes"
NO: Final = "no"
FIELDS: Final = (WHOSE, CONFERENCE, USER, PREMIUM, TOLL_FREE, CAP)

AS_ORGANIZATION: Final = marked("As the organization")
_PREMIUM: Final[Mapping[bool | None, str]] = {None: ORGANIZATION, True: YES, False: NO}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Standing:
    """Somebody, and the rules that they have where they have none of their own."""

    info: PartyInfo
    rules: RulesRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyPolicyPages:
    """Each method answers one address, for people of one ``kind``."""

    door: Door
    kind: PartyKind

    async def form(self, page: Page) -> Response:
        """The form, filled in with what is in force."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        standing = await self._standing(page)
        if isinstance(standing, Refused):
            return self.door.refused(page, standing)
        policy = policy_of(standing.info.party)
        values = _values(policy, standing.rules, frame.page.speech)
        return await self._form(frame, standing, FormView(values=values, command_id=""))

    async def take(self, page: Page) -> Response:
        """Show what would change, or put in force what was shown."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        standing = await self._standing(page)
        if isinstance(standing, Refused):
            return self.door.refused(page, standing)
        before = policy_of(standing.info.party)
        wanted = _read(page.form, before, frame.page.speech, standing.rules.currency)
        if isinstance(wanted, FormView):
            return await self._form(frame, standing, wanted, status=422)
        step = page.form.get(STEP, "")
        if step == SAVE:
            return await self._save(frame, standing, before, wanted)
        if step == REVIEW:
            return self._review(frame, standing, before, wanted)
        values = {name: page.form.get(name, "")[:64] for name in FIELDS}
        return await self._form(frame, standing, FormView(values=values, command_id=""))

    async def _save(self, frame: Framed, standing: _Standing, before: PartyPolicy, wanted: PartyPolicy) -> Response:
        page = frame.page
        if _digest_of(before) != page.form.get(DIGEST, ""):
            return self._review(frame, standing, before, wanted, has_moved=True)
        party_id = standing.info.party.party_id
        saved = await set_party_policy(
            page.services,
            organization_id=page.organization_id,
            kind=self.kind,
            user=party_id,
            policy=wanted,
            expected=before,
        )
        if isinstance(saved, Refused):
            if saved.code is RefusalCode.CONFLICT:
                again = await self._standing(page)
                if not isinstance(again, Refused):
                    return self._review(frame, again, policy_of(again.info.party), wanted, has_moved=True)
            if saved.code is RefusalCode.INVALID_INPUT:
                values = {name: page.form.get(name, "")[:64] for name in FIELDS}
                sentence = page.speech.say(marked("The amount is too large."))
                return await self._form(
                    frame, standing, FormView(values=values, errors={CAP: sentence}, command_id=""), status=422
                )
            return self.door.refused(page, saved)
        return self.door.see_other(people_links(page).one(self.kind, party_id, notice="policy"))

    async def _standing(self, page: Page) -> _Standing | Refused:
        if not page.may(Permission.POLICIES_WRITE):
            return Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": Permission.POLICIES_WRITE.value})
        user = str(page.request.path_params["party_id"])
        place = {"organization_id": page.organization_id}
        info = await get_party(page.services, **place, kind=self.kind, user=user)
        if isinstance(info, Refused):
            return info
        rules = await read_rules(page.services, **place)
        return rules if isinstance(rules, Refused) else _Standing(info=info, rules=rules)

    async def _form(self, frame: Framed, standing: _Standing, form: FormView, *, status: int = 200) -> Response:
        say = frame.page.speech.say
        use = await read_party_use(
            frame.page.services,
            organization_id=frame.page.organization_id,
            kind=self.kind,
            user=standing.info.party.party_id,
        )
        return self._html(
            "policies/party.html",
            frame,
            standing,
            status=status,
            form=form,
            use=None if isinstance(use, Refused) else use,
            conferences=tuple(
                (cell.value, say(roster_words.CONFERENCE_DIAL_OUTS[cell]), "") for cell in ConferenceDialOut
            ),
            users=tuple((cell.value, say(roster_words.USER_DIAL_OUTS[cell]), "") for cell in UserDialOut),
        )

    def _review(
        self,
        frame: Framed,
        standing: _Standing,
        before: PartyPolicy,
        wanted: PartyPolicy,
        *,
        has_moved: bool = False,
    ) -> Response:
        speech, currency = frame.page.speech, standing.rules.currency
        return self._html(
            "policies/party_review.html",
            frame,
            standing,
            status=409 if has_moved else 200,
            changes=_differences(before, wanted, speech, currency),
            hidden=_values(wanted, standing.rules, speech),
            digest=_digest_of(before),
            has_moved=has_moved,
        )

    def _html(
        self, template: str, frame: Framed, standing: _Standing, *, status: int = 200, **values: object
    ) -> Response:
        return self.door.html(
            template,
            frame.page,
            status=status,
            organization=frame.organization,
            party=standing.info.party,
            rules=standing.rules.rules,
            currency=standing.rules.currency,
            kind=self.kind,
            policies=policy_links(frame.page),
            people=people_links(frame.page),
            words=roster_words,
            **values,
        )


def _values(policy: PartyPolicy, rules: RulesRecord, speech: Speech) -> dict[str, str]:
    """What stands in the fields; where somebody has no policy of their own, the organization's is chosen already."""
    dial_out = policy.dial_out or rules.rules.dial_out
    return {
        WHOSE: ORGANIZATION if policy.dial_out is None else OWN,
        CONFERENCE: dial_out.conference.value,
        USER: dial_out.user.value,
        PREMIUM: _PREMIUM[policy.premium_allowed],
        TOLL_FREE: YES if policy.toll_free_allowed else NO,
        CAP: amount_text(policy.monthly_cap_micros, speech, rules.currency),
    }


def _read(fields: Mapping[str, str], before: PartyPolicy, speech: Speech, currency: str) -> PartyPolicy | FormView:
    reader = FieldReader(fields, speech, currency)
    dial_out = None
    if fields.get(WHOSE) == OWN:
        standing = before.dial_out or DialOutPolicy()
        dial_out = DialOutPolicy(
            conference=reader.word(CONFERENCE, ConferenceDialOut, standing.conference),
            user=reader.word(USER, UserDialOut, standing.user),
        )
    cap_micros = reader.amount(CAP, before.monthly_cap_micros)
    if reader.errors:
        return FormView(
            values={name: fields.get(name, "")[:64] for name in FIELDS}, errors=reader.errors, command_id=""
        )
    return PartyPolicy(
        dial_out=dial_out,
        premium_allowed={YES: True, NO: False}.get(fields.get(PREMIUM, "")),
        toll_free_allowed=fields.get(TOLL_FREE) != NO,
        monthly_cap_micros=cap_micros,
    )


def _differences(before: PartyPolicy, after: PartyPolicy, speech: Speech, currency: str) -> tuple[Difference, ...]:
    old, new = (_in_words(policy, speech, currency) for policy in (before, after))
    # The words of an amount are rounded, so that the amounts themselves say whether they differ.
    moved = {
        CAP: before.monthly_cap_micros != after.monthly_cap_micros,
        CONFERENCE: before.dial_out != after.dial_out,
        USER: before.dial_out != after.dial_out,
        PREMIUM: before.premium_allowed != after.premium_allowed,
        TOLL_FREE: before.toll_free_allowed != after.toll_free_allowed,
    }
    labels = {
        CONFERENCE: marked("Conferences dial out to"),
        USER: marked("Calls to"),
        PREMIUM: marked("Premium numbers"),
        TOLL_FREE: marked("Calls to toll-free numbers"),
        CAP: marked("Monthly cap"),
    }
    return tuple(
        Difference(label=speech.say(label), before=old[name], after=new[name])
        for name, label in labels.items()
        if moved[name] and (old[name] != new[name] or name == CAP)
    )


def _in_words(policy: PartyPolicy, speech: Speech, currency: str) -> dict[str, str]:
    as_organization = speech.say(AS_ORGANIZATION)
    dial_out, premium = policy.dial_out, policy.premium_allowed
    return {
        CONFERENCE: speech.say(roster_words.CONFERENCE_DIAL_OUTS[dial_out.conference]) if dial_out else as_organization,
        USER: speech.say(roster_words.USER_DIAL_OUTS[dial_out.user]) if dial_out else as_organization,
        PREMIUM: as_organization
        if premium is None
        else speech.say(marked("Allowed") if premium else marked("Not allowed")),
        TOLL_FREE: speech.say(marked("Are answered") if policy.toll_free_allowed else marked("Are not answered")),
        CAP: as_organization
        if policy.monthly_cap_micros is None
        else amount_words(policy.monthly_cap_micros, speech, currency),
    }


def _digest_of(policy: PartyPolicy) -> str:
    return hashlib.sha256(repr(policy).encode()).hexdigest()
