"""Numbers, policies, caps and the search as an administrator without scripts uses them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_limits

from commcredits.core.outcomes import Refused
from commcredits.core.roster import DialOutPolicy, PartyKind, UserDialOut
from commcredits.operations.number_stock import add_to_stock
from commcredits.operations.party_policies import PartyPolicy, set_party_policy
from commcredits.operations.people import PartyInfo, get_party
from commcredits.operations.rules import Rules, RulesRecord, change_rules, read_rules
from tests.edges.portal.desk import Desk, form_in, open_desk
from tests.operations.staff import hire

NUMBER = "+40212345600"
TOLL_FREE = "+40800123456"


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    """An administrator's desk."""
    async with open_desk(database_url) as opened:
        yield opened


async def test_a_number_is_found_reserved_for_ten_minutes_acquired_and_assigned(desk: Desk) -> None:
    for number, kind in ((NUMBER, "user"), (TOLL_FREE, "toll_free")):
        added = await add_to_stock(desk.services, number=number, kind=kind, place="București")
        assert not isinstance(added, Refused)
    await hire(desk.services, desk.organization_id, "ana@example.com", licences=("MCOPSTN5",))
    assert "0 of 11 used" in await desk.get("/numbers")
    assert "No such number is in stock" in await desk.get("/numbers/get?kind=user&country=RO&place=Cluj")
    assert "+40 21 234 5600" in await desk.get("/numbers/get?kind=user&country=RO&place=bucur&digits=2345600")

    reserving = await desk.form(f"/numbers/get/{NUMBER[1:]}", "reserve-form")
    reserved = await desk.follow(await desk.send(reserving))
    assert "Reserved for you until" in reserved
    assert "14:10:00" in reserved, "ten minutes from noon in UTC, on the organization's own clock"
    acquiring = await desk.form(f"/numbers/get/{NUMBER[1:]}", "acquire-form")
    desk.office.clock.advance(minutes=11)
    late = await desk.send(acquiring)
    assert late.status_code == 409
    assert "The reservation has ended" in late.text
    await desk.send(await desk.form(f"/numbers/get/{NUMBER[1:]}", "reserve-form"))
    acquired = await desk.send(acquiring, display_name="<b>Recepție</b>")
    page = await desk.follow(acquired)
    assert "The number is yours" in page
    assert "<b>Recepție" not in page
    assert "1 of 11 used" in await desk.get("/numbers")

    assigning = await desk.form(f"/numbers/{NUMBER[1:]}", "assign-form")
    nobody = await desk.send(assigning, purpose="person", user="nobody@example.com")
    assert nobody.status_code == 422
    assert "There is no such user." in nobody.text
    assert "The number was assigned" in await desk.follow(
        await desk.send(assigning, purpose="person", user="ana@example.com")
    )
    assert "ana@example.com" in await desk.get("/numbers?purpose=person&digits=0212345600")
    freed = await desk.send(await desk.form(f"/numbers/{NUMBER[1:]}", "unassign-form"))
    assert "The number is free to be assigned" in await desk.follow(freed)


async def test_a_toll_free_number_is_explained_until_credits_are_set_up(desk: Desk) -> None:
    added = await add_to_stock(desk.services, number=TOLL_FREE, kind="toll_free")
    assert not isinstance(added, Refused)
    await hire(desk.services, desk.organization_id, "ana@example.com", licences=("MCOPSTN5",))
    assert "Set up Communications Credits first" in await desk.get("/numbers/get?kind=toll_free")
    await desk.send(await desk.form(f"/numbers/get/{TOLL_FREE[1:]}", "reserve-form"))
    refused = await desk.send(await desk.form(f"/numbers/get/{TOLL_FREE[1:]}", "acquire-form"))
    assert refused.status_code == 409
    assert f'href="{desk.base}/billing/communications-credits/add-funds"' in refused.text


async def rules_of(desk: Desk) -> RulesRecord:
    """The rules in force."""
    record = await read_rules(desk.services, organization_id=desk.organization_id)
    assert isinstance(record, RulesRecord), record
    return record


async def test_rules_change_after_a_look_at_before_and_after_and_never_over_somebody_elses(desk: Desk) -> None:
    form = await desk.form("/policies/change", "rules-form")
    wrong = await desk.send(form, user_monthly_max_micros="ten", calls_max="-1")
    assert wrong.status_code == 422
    for name in ("user_monthly_max_micros", "calls_max"):
        assert f'id="rules-{name}-error"' in wrong.text
    fields = {"conference": "zone_a", "user": "domestic", "premium": "no", "calls_without_user": "refused",
              "international_stops_both": "yes", "user_monthly_max_micros": "12.50"}  # fmt: skip
    reviewed = (await desk.send(form, **fields)).text
    for words in ("Any destination", "Zone A countries only", "No limit", "EUR 12.50", "Are refused"):
        assert words.replace(" 12", "\u00a012") in reviewed, words
    saving = form_in(reviewed, "save-form")

    def limit_calls(before: Rules) -> Rules:
        return replace(before, limits=replace_limits(before.limits, calls_max=7))

    await change_rules(desk.services, organization_id=desk.organization_id, change=limit_calls)
    moved = await desk.send(saving)
    assert moved.status_code == 409
    assert (await rules_of(desk)).rules.limits.user_monthly_max_micros is None
    assert "in force" in await desk.follow(await desk.send(form_in(moved.text, "save-form")))
    rules = (await rules_of(desk)).rules
    assert rules.dial_out.user is UserDialOut.DOMESTIC
    assert rules.limits.user_monthly_max_micros == 12_500_000
    page = await desk.get("/policies")
    assert page.count("Not allowed") > page.count(">Allowed<")


async def test_a_departments_cap_says_what_is_used_and_is_not_overwritten_unseen(desk: Desk) -> None:
    form = await desk.form("/policies/departments?department=Sales", "cap-form")
    assert "The cap was saved" in await desk.follow(await desk.send(form, cap="100"))
    assert ">EUR 100.00<" in await desk.get("/policies/departments")
    stale = await desk.send(form, cap="5")
    assert stale.status_code == 409
    assert (await rules_of(desk)).rules.limits.department_monthly_max_micros == {"Sales": 100_000_000}
    lifted = await desk.send(await desk.form("/policies/departments?department=Sales", "cap-form"), cap="")
    assert "No department has a cap" in await desk.get("/policies"), lifted.text


async def test_a_users_policy_wins_and_is_tried_without_a_call(desk: Desk) -> None:
    user = await hire(desk.services, desk.organization_id, "ana@example.com", licences=("MCOPSTNC",))
    path = f"/policies/users/{user}"
    form = await desk.form(path, "policy-form")
    reviewed = (await desk.send(form, whose="own", user="none", conference="none", premium="no",
                                toll_free="yes", cap="20")).text  # fmt: skip
    saving = form_in(reviewed, "save-form")
    other = PartyPolicy(dial_out=None, premium_allowed=True, toll_free_allowed=True, monthly_cap_micros=None)
    changed = await set_party_policy(
        desk.services, organization_id=desk.organization_id, kind=PartyKind.USER, user=user, policy=other
    )
    assert not isinstance(changed, Refused)
    moved = await desk.send(saving)
    assert moved.status_code == 409
    assert "in force" in await desk.follow(await desk.send(form_in(moved.text, "save-form")))
    found = await get_party(desk.services, organization_id=desk.organization_id, kind=PartyKind.USER, user=user)
    assert isinstance(found, PartyInfo)
    assert found.party.dial_out is not None
    assert found.party.dial_out != DialOutPolicy()
    assert ">EUR 20.00<" in await desk.get(f"/users/{user}")

    asking = await desk.form("/policies/try", "try-form")
    answer = await desk.send(asking, service="outbound", user="ana@example.com", number="+44 20 7946 0000")
    assert "No, the call would be refused" in answer.text
    assert "Change the user" in answer.text
    emergency = await desk.send(asking, service="outbound", user="ana@example.com", number="112")
    assert "Yes, the call would be allowed" in emergency.text
    wrong = await desk.send(asking, service="outbound", user="ana@example.com", number="<b>")
    assert wrong.status_code == 422


async def test_the_search_leads_to_people_numbers_calls_and_receipts(desk: Desk) -> None:
    await hire(desk.services, desk.organization_id, "ana.pop@example.com")
    organization_id = await desk.office.calling_organization()
    await desk.office.call(organization_id, "call-1", 30)
    searched = await desk.get("/search?q=POP%40ex")
    assert "ana.pop@example.com" in searched
    assert 'href="/portal/organizations/' in searched
    assert "1 result<" in searched
    assert "0 results" in await desk.get("/search?q=call-1"), "a call of another organization is nobody's here"
    desk.organization_id = organization_id
    assert "+44 20 7946 0000" in await desk.get("/search?q=call-1")
    assert "+44 20 7946 0000" in await desk.get("/search?q=0044%20(20)%207946-0000")
    empty = await desk.http.get(f"{desk.base}/search?q=%00%01")
    assert empty.status_code == 422
    page = await desk.get("/search?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<script>alert" not in page
