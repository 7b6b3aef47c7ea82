"""Invitations accepted with passkeys, signing in with one, and everything that is not one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from commcredits.operations.administrator_records import Invited
from commcredits.operations.administrators import disable_administrator, resend_invitation
from tests.edges.portal.arrivals import COOKIE, ORIGIN, Site, open_site
from tests.edges.portal.soft_passkey import PRESENT, SoftPasskey, options_of
from tests.edges.portal.visitor import text_of
from tests.operations.office import open_office


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with open_office(database_url) as office, open_site(office) as opened:
        yield opened


async def test_an_invitation_is_accepted_with_a_new_passkey_which_opens_the_portal_from_then_on(site: Site) -> None:
    organization = await site.office.organization("Exemplu SRL")
    path = await site.invited(organization.organization_id, "front.desk@example.com", "billing_administrator")
    browser = site.browser()
    shown = text_of((await browser.get(path)).text)
    for words in ("Exemplu SRL", "front.desk@example.com", "Billing administrator", "Set up a passkey"):
        assert words in shown
    answer = await browser.accept(path)
    assert answer.headers["location"] == "/portal/"
    home = (await browser.get("/portal/")).headers["location"]
    assert home.startswith(f"/portal/organizations/{organization.organization_id}")
    assert (await browser.get("/portal/security")).status_code == 200
    assert "Front Desk" in (await browser.get("/portal/security")).text
    again = site.browser()
    again.passkey = browser.passkey
    assert (await again.sign_in()).headers["location"] == "/portal/"
    assert await again.is_in()
    closed = await site.browser().get(path)
    assert closed.status_code == 404
    assert "This invitation opens nothing" in closed.text


async def test_no_page_says_what_an_invitation_that_is_over_was_for(site: Site) -> None:
    organization = await site.office.organization("Exemplu SRL")
    path = await site.invited(organization.organization_id, "front.desk@example.com")
    site.office.clock.advance(days=7)
    for each in (path, "/portal/invitation/" + "0" * 64, "/portal/invitation/" + "x" * 3_000):
        answer = await site.browser().get(each)
        assert answer.status_code == 404
        assert "Exemplu" not in answer.text


async def test_one_passkey_opens_what_its_person_chooses_of_several_organizations(site: Site) -> None:
    browser = site.browser()
    organizations = [await site.office.organization(name) for name in ("Prima SRL", "Zweite GmbH")]
    for organization in organizations:
        path = await site.invited(organization.organization_id, "front.desk@example.com")
        if organization is organizations[0]:
            await browser.accept(path)
            continue
        form, page = await browser.form(path, path, "own")
        credential = browser.passkey.used(options_of(page, "get"))
        assert (await browser.http.post(path, data={**form.fields, "credential": credential})).status_code == 303
    again = site.browser()
    again.passkey = browser.passkey
    choice = await again.sign_in()
    assert choice.status_code == 200
    ids = dict(re.findall(r'value="([^"]+)"><svg.*?</svg><bdi>([^<]+)</bdi>', choice.text))
    assert set(ids.values()) == {"Prima SRL", "Zweite GmbH"}
    wanted = next(key for key, name in ids.items() if name == "Zweite GmbH")
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', choice.text))
    stranger = await again.http.post("/portal/sign-in/choose", data={**fields, "administrator": "0" * 36})
    assert stranger.status_code == 403
    entered = await again.http.post("/portal/sign-in/choose", data={**fields, "administrator": wanted})
    assert entered.status_code == 303
    home = (await again.get("/portal/")).headers["location"]
    assert home.startswith(f"/portal/organizations/{organizations[1].organization_id}")
    spent = await again.http.post("/portal/sign-in/choose", data={**fields, "administrator": wanted})
    assert spent.status_code == 403


async def test_what_is_no_proof_of_a_passkey_opens_nothing_and_says_nothing(site: Site) -> None:
    organization = await site.office.organization()
    owner = site.browser()
    await owner.accept(await site.invited(organization.organization_id, "front.desk@example.com"))
    good = owner.passkey
    other_site = SoftPasskey(
        origin="https://portal.test.evil.example",
        key=good.key,
        credential_id=good.credential_id,
        user_handle=good.user_handle,
        count=10,
    )
    unverified = SoftPasskey(
        origin=ORIGIN,
        key=good.key,
        credential_id=good.credential_id,
        user_handle=good.user_handle,
        count=20,
        flags=PRESENT,
    )
    wrong_key = SoftPasskey(origin=ORIGIN, credential_id=good.credential_id, user_handle=good.user_handle, count=30)
    wrong_handle = SoftPasskey(
        origin=ORIGIN, key=good.key, credential_id=good.credential_id, user_handle=b"x" * 16, count=40
    )
    unknown = SoftPasskey(origin=ORIGIN, user_handle=b"x" * 16)
    sentences = set()
    for passkey in (other_site, unverified, wrong_key, wrong_handle, unknown):
        browser = site.browser()
        answer = await browser.sign_in(passkey)
        assert answer.status_code == 403
        assert not await browser.is_in()
        sentences.add(text_of(answer.text).split("You are not signed in")[1][:80])
    assert len(sentences) == 1, "unknown and wrong get the same answer"


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "null", '{"id": 7}', "[" * 11_000, '{"id":"AA","response":[]}', "é"]
)
async def test_nonsense_in_the_place_of_a_passkey_is_refused(site: Site, credential: str) -> None:
    browser = site.browser()
    answer = await browser.send("/portal/sign-in", "/portal/sign-in/passkey", credential=credential)
    assert answer.status_code == 403


async def test_an_answer_holds_once_and_in_the_browser_that_was_asked(site: Site) -> None:
    organization = await site.office.organization()
    owner = site.browser()
    await owner.accept(await site.invited(organization.organization_id, "front.desk@example.com"))
    asked, thief = site.browser(), site.browser(process=1)
    form, page = await asked.form("/portal/sign-in", "/portal/sign-in/passkey")
    owner.passkey.count += 100
    credential = owner.passkey.used(options_of(page, "get"))
    theirs, _page = await thief.form("/portal/sign-in", "/portal/sign-in/passkey")
    stolen = {**theirs.fields, "ticket": form.fields["ticket"], "credential": credential}
    assert (await thief.http.post(form.action, data=stolen)).status_code == 403
    before = asked.cookie
    fields = {**form.fields, "credential": credential}
    assert (await asked.http.post(form.action, data=fields)).status_code == 303
    # The same browser shows the same answer again, as a stranger once more.
    asked.http.cookies.set(COOKIE, before, domain="portal.test", path="/")
    assert (await asked.http.post(form.action, data=fields)).status_code == 403
    site.office.clock.advance(minutes=11)
    late = site.browser()
    form, page = await late.form("/portal/sign-in", "/portal/sign-in/passkey")
    credential = owner.passkey.used(options_of(page, "get"))
    site.office.clock.advance(minutes=11)
    answer = await late.http.post(form.action, data={**form.fields, "credential": credential})
    assert answer.status_code == 403, "ten minutes after it was asked nobody waits for it"


async def test_a_copied_passkey_is_noticed_by_its_counter(site: Site) -> None:
    organization = await site.office.organization()
    owner = site.browser()
    await owner.accept(await site.invited(organization.organization_id, "front.desk@example.com"))
    owner.passkey.count = 50
    assert (await site.browser().sign_in(owner.passkey)).status_code == 303
    owner.passkey.count = 20
    assert (await site.browser().sign_in(owner.passkey)).status_code == 403


async def test_whoever_lost_every_passkey_is_invited_again_and_the_lost_ones_open_nothing(site: Site) -> None:
    organization_id = (await site.office.organization()).organization_id
    lost = site.browser()
    await lost.accept(await site.invited(organization_id, "front.desk@example.com"))
    people = await site.services.pool.fetch("select administrator_id from administrators")
    again = await resend_invitation(
        site.services, organization_id=organization_id, administrator_id=str(people[0]["administrator_id"])
    )
    assert isinstance(again, Invited)
    assert again.link is not None
    assert await lost.is_in(), "until somebody accepts"
    found = site.browser(process=1)
    assert (await found.accept(again.link.get_secret_value().removeprefix(ORIGIN))).status_code == 303
    assert await found.is_in()
    assert not await lost.is_in()
    answer = await site.browser().sign_in(lost.passkey)
    assert answer.status_code == 403
    assert "No administrator belongs to this passkey any more." in answer.text


async def test_whoever_is_disabled_is_out_in_every_process_and_their_passkey_opens_nothing(site: Site) -> None:
    organization_id = (await site.office.organization()).organization_id
    one, two = site.browser(), site.browser(process=1)
    await one.accept(await site.invited(organization_id, "one@example.com"))
    await two.accept(await site.invited(organization_id, "two@example.com"))
    row = await site.services.pool.fetchrow(
        "select administrator_id from administrators where address = 'two@example.com'"
    )
    assert row is not None
    await disable_administrator(
        site.services, organization_id=organization_id, administrator_id=str(row["administrator_id"])
    )
    assert not await two.is_in()
    assert (await site.browser().sign_in(two.passkey)).status_code == 403
    assert await one.is_in()


async def test_a_further_passkey_is_added_and_the_last_one_stays(site: Site) -> None:
    organization_id = (await site.office.organization()).organization_id
    browser = site.browser()
    await browser.accept(await site.invited(organization_id, "front.desk@example.com"))
    path = "/portal/security/passkeys/add"
    form, page = await browser.form(path, path)
    assert len(options_of(page, "create")["excludeCredentials"]) == 1
    second = SoftPasskey(origin=ORIGIN)
    fields = {**form.fields, "name": "Cheia de la birou", "credential": second.made(options_of(page, "create"))}
    assert (await browser.http.post(path, data=fields)).headers["location"] == "/portal/security?done=added"
    page = (await browser.get("/portal/security")).text
    assert "Cheia de la birou" in page
    removals = re.findall(r'action="(/portal/security/passkeys/[^"]+/remove)"', page)
    assert len(removals) == 2
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    gone = await browser.http.post(removals[0], data={"form_token": token.group(1)})
    assert gone.headers["location"] == "/portal/security?done=removed"
    last = await browser.http.post(removals[1], data={"form_token": token.group(1)})
    assert last.status_code == 409
    assert "This is your only way in." in last.text
    assert (await site.browser().sign_in(second)).status_code == 303
    assert (await site.browser().sign_in(browser.passkey)).status_code == 403


async def test_nobody_ends_visits_or_removes_passkeys_of_somebody_else(site: Site) -> None:
    organization_id = (await site.office.organization()).organization_id
    one, two = site.browser(), site.browser()
    await one.accept(await site.invited(organization_id, "one@example.com"))
    await two.accept(await site.invited(organization_id, "two@example.com"))
    visits = await site.services.pool.fetch("select visit_id from visits")
    passkeys = await site.services.pool.fetch("select passkey_id from passkeys")
    page = (await one.get("/portal/security")).text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    for path in (
        *(f"/portal/security/visits/{row['visit_id']}/end" for row in visits),
        *(f"/portal/security/passkeys/{row['passkey_id']}/remove" for row in passkeys),
        "/portal/security/visits/end-others",
        "/portal/security/visits/nonsense/end",
    ):
        await one.http.post(path, data={"form_token": token.group(1)})
    assert await two.is_in()
    assert (await site.browser().sign_in(two.passkey)).status_code == 303
