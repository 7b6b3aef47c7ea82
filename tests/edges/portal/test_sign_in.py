"""The operator's ways in, how often one may try, and visits that every process knows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from pydantic import SecretStr

from commcredits.core.outcomes import Refused
from commcredits.operations.sign_in_operator import Enrolment, set_operator_password
from commcredits.operations.sign_in_throttle import ACCOUNT_TRIES_MAX, SOURCE_TRIES_MAX
from commcredits.operations.visits import prune_sign_in
from tests.edges.portal.arrivals import COOKIE, TOKEN, Browser, Site, open_site
from tests.edges.portal.visitor import text_of
from tests.operations.office import open_office

PASSWORD = "four words nobody guesses"


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with open_office(database_url) as office, open_site(office) as opened:
        yield opened


async def by_token(browser: Browser, token: str = TOKEN) -> int:
    return (await browser.send("/portal/sign-in", "/portal/sign-in", operator_token=token)).status_code


async def enrolled(site: Site) -> pyotp.TOTP:
    enrolment = await set_operator_password(site.services, password=SecretStr(PASSWORD))
    assert isinstance(enrolment, Enrolment)
    assert "otpauth" not in repr(enrolment)
    secret = parse_qs(urlsplit(enrolment.uri.get_secret_value()).query)["secret"][0]
    return pyotp.TOTP(secret)


async def by_password(browser: Browser, password: str, code: str) -> int:
    path = "/portal/sign-in/operator"
    return (await browser.send(path, path, password=password, code=code)).status_code


async def test_whoever_signs_out_is_out_in_every_process_with_every_copy_of_the_cookie(site: Site) -> None:
    browser, copy = site.browser(), site.browser(process=1)
    assert await by_token(browser) == 303
    copy.http.cookies.set(COOKIE, browser.cookie, domain="portal.test", path="/")
    assert await copy.is_in()
    assert (await browser.send("/portal/security", "/portal/sign-out")).headers["location"] == "/portal/sign-in"
    assert not await copy.is_in()
    assert not await browser.is_in()


async def test_visits_end_when_idle_and_in_any_case_and_live_parts_keep_nobody_in(site: Site) -> None:
    browser = site.browser()
    await by_token(browser)
    for _ in range(24):
        site.office.clock.advance(minutes=29)
        assert await browser.is_in()
    site.office.clock.advance(minutes=25)
    assert not await browser.is_in(), "twelve hours are over"
    await by_token(browser)
    site.office.clock.advance(minutes=31)
    assert not await browser.is_in(), "nothing was asked for half an hour"
    site.office.clock.advance(days=31)
    assert await prune_sign_in(site.services) > 0
    assert await site.services.pool.fetchval("select count(*) from visits") == 0


async def test_ending_the_other_visits_leaves_this_one(site: Site) -> None:
    here, there, break_glass = site.browser(), site.browser(process=1), site.browser()
    await by_token(here)
    await by_token(there)
    totp = await enrolled(site)
    assert await by_password(break_glass, PASSWORD, totp.at(site.office.clock.now)) == 303
    page = text_of((await here.get("/portal/security")).text)
    assert page.count("operator token") == 2
    assert "192.0.2.7" in page
    await here.send("/portal/security", "/portal/security/visits/end-others")
    assert (await here.is_in(), await there.is_in(), await break_glass.is_in()) == (True, False, True)


async def test_a_cookie_that_was_planted_before_opens_nothing_after(site: Site) -> None:
    attacker, victim = site.browser(), site.browser()
    await attacker.get("/portal/sign-in")
    victim.http.cookies.set(COOKIE, attacker.cookie, domain="portal.test", path="/")
    await by_token(victim)
    assert not await attacker.is_in()
    assert victim.cookie != attacker.cookie


async def test_a_form_of_another_visit_does_nothing(site: Site) -> None:
    stranger, browser = site.browser(), site.browser()
    await by_token(browser)
    await by_token(stranger)
    form, _page = await stranger.form("/portal/security", "/portal/sign-out")
    for fields in (form.fields, {"form_token": "ș" * 9}, {}):
        assert (await browser.http.post("/portal/sign-out", data=fields)).status_code == 403
    assert await browser.is_in()


async def test_the_token_can_be_switched_off_and_another_one_ends_its_visits(database_url: str) -> None:
    async with open_office(database_url) as office:
        async with open_site(office) as site:
            browser = site.browser()
            await by_token(browser)
            cookie = browser.cookie
        for settings in ({"operator_token_opens": False}, {"operator_token": "another operator token"}):
            async with open_site(office, **settings) as changed:
                copy = changed.browser()
                copy.http.cookies.set(COOKIE, cookie, domain="portal.test", path="/")
                assert not await copy.is_in()
                page = await changed.browser().get("/portal/sign-in")
                assert ("operator_token" in page.text) is ("operator_token" in settings)
                if "operator_token_opens" in settings:
                    form, _page = await copy.form("/portal/sign-in", "/portal/language")
                    answer = await copy.http.post(
                        "/portal/sign-in", data={"form_token": form.fields["form_token"], "operator_token": TOKEN}
                    )
                    assert answer.status_code == 404


async def test_a_code_opens_once_with_the_right_password_and_its_neighbours_do_too(site: Site) -> None:
    totp = await enrolled(site)
    now = site.office.clock.now
    assert await by_password(site.browser(), "another password it is", totp.at(now)) == 422
    assert await by_password(site.browser(), PASSWORD, totp.at(now + timedelta(seconds=60))) == 422
    assert await by_password(site.browser(), PASSWORD, totp.at(now - timedelta(seconds=60))) == 422
    first, second = site.browser(), site.browser(process=1)
    outcomes = await asyncio.gather(
        by_password(first, PASSWORD, totp.at(now)), by_password(second, PASSWORD, totp.at(now))
    )
    assert sorted(outcomes) == [303, 422], "one code, two at once: one of them"
    assert await by_password(site.browser(), PASSWORD, totp.at(now - timedelta(seconds=30))) == 422, "an older one"
    assert await by_password(site.browser(), PASSWORD, totp.at(now + timedelta(seconds=30))) == 303
    winner = first if await first.is_in() else second
    assert "break-glass" in (await winner.get("/portal/security")).text
    await enrolled(site)
    assert not await winner.is_in(), "a new password ends the visits of the old one"


async def test_without_a_password_nobody_gets_in_and_the_answer_is_the_same(site: Site) -> None:
    path = "/portal/sign-in/operator"
    unknown = await site.browser().send(path, path, password=PASSWORD, code="123456")
    await enrolled(site)
    wrong = await site.browser().send(path, path, password="another password it is", code="123456")
    assert (unknown.status_code, wrong.status_code) == (422, 422)
    shown = [text_of(re.sub(r'value="[^"]*"', "", each.text)) for each in (unknown, wrong)]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("password", ["short", "x" * 257])
async def test_a_password_that_is_too_short_or_too_long_is_not_set(site: Site, password: str) -> None:
    refused = await set_operator_password(site.services, password=SecretStr(password))
    assert isinstance(refused, Refused)
    assert password not in repr(refused)


async def test_too_many_tries_from_one_address_wait_in_every_process_and_after_a_restart(database_url: str) -> None:
    async with open_office(database_url) as office:
        async with open_site(office) as site:
            for number in range(SOURCE_TRIES_MAX):
                assert await by_token(site.browser(process=number % 2), "something else") == 422
            answer = await site.browser().send("/portal/sign-in", "/portal/sign-in", operator_token=TOKEN)
            assert answer.status_code == 422
            assert "Too many tries. Wait 15 minutes and try again." in answer.text
        async with open_site(office) as restarted:
            assert await by_token(restarted.browser()) == 422
            office.clock.advance(minutes=15)
            assert await by_token(restarted.browser()) == 303


async def test_strangers_who_fail_on_purpose_keep_the_operator_out_of_neither_way(site: Site) -> None:
    totp = await enrolled(site)
    for number in range(2 * ACCOUNT_TRIES_MAX):
        stranger = site.browser(source=f"198.51.100.{number}")
        assert await by_token(stranger, "something else") == 422
        assert await by_password(stranger, "another password it is", "000000") == 422
    assert await by_token(site.browser()) == 303
    assert await by_password(site.browser(), PASSWORD, totp.at(site.office.clock.now)) == 303


async def test_whoever_knows_the_password_tries_few_codes_from_many_addresses_and_is_not_told_so(site: Site) -> None:
    totp = await enrolled(site)
    wrong = totp.at(site.office.clock.now + timedelta(days=1))
    for number in range(ACCOUNT_TRIES_MAX):
        assert await by_password(site.browser(source=f"198.51.100.{number}"), PASSWORD, wrong) == 422
    path = "/portal/sign-in/operator"
    code = totp.at(site.office.clock.now)
    shut = await site.browser().send(path, path, password=PASSWORD, code=code)
    guessed = await site.browser().send(path, path, password="another password it is", code=code)
    told = [text_of(re.sub(r'value="[^"]*"', "", each.text)) for each in (shut, guessed)]
    assert (shut.status_code, told[0]) == (422, told[1])
    site.office.clock.advance(minutes=15)
    assert await by_password(site.browser(), PASSWORD, totp.at(site.office.clock.now)) == 303


async def test_one_address_cannot_try_every_account_and_those_who_get_in_do_not_count(site: Site) -> None:
    for _ in range(SOURCE_TRIES_MAX + 5):
        assert await by_token(site.browser(source="2001:db8::1")) == 303
    for number in range(SOURCE_TRIES_MAX):
        browser = site.browser(source=f"2001:db8::{number:x}")
        await browser.send("/portal/sign-in", "/portal/sign-in/passkey", credential='{"id":"AA","response":{}}')
    answer = await site.browser(source="2001:db8::ffff").send(
        "/portal/sign-in", "/portal/sign-in", operator_token=TOKEN
    )
    assert "Too many tries" in answer.text, "a whole line counts as one address"
    assert await by_token(site.browser(source="2001:db8:0:1::1")) == 303


async def test_many_at_once_are_counted_before_any_has_failed(site: Site) -> None:
    browsers = [site.browser(process=number % 2) for number in range(SOURCE_TRIES_MAX + 6)]
    answers = await asyncio.gather(
        *(each.send("/portal/sign-in", "/portal/sign-in", operator_token="something else") for each in browsers)
    )
    told = [each for each in answers if "Too many tries" in each.text]
    assert len(told) == 6


async def test_no_secret_of_sign_in_stands_in_the_database(site: Site) -> None:
    browser = site.browser()
    await by_token(browser)
    organization_id = (await site.office.organization()).organization_id
    path = await site.invited(organization_id, "front.desk@example.com")
    await enrolled(site)
    secrets = (browser.cookie.partition(".")[2], path.rpartition("/")[2], PASSWORD, TOKEN)
    for table in ("visits", "invitations", "invitation_tokens", "operator_credentials", "administrators"):
        rows = await site.services.pool.fetch(f"select t::text as text from {table} t")  # noqa: S608 - names of our own
        assert rows
        for row in rows:
            assert not any(secret in row["text"] for secret in secrets), table
