"""Who gets in, for how long, and what a form must carry."""

from __future__ import annotations

import pytest

from commcredits.edges.portal.headers import CONTENT_SECURITY_POLICY
from commcredits.edges.portal.settings import PortalSettings
from commcredits.edges.portal.visits import VisitKeeper
from tests.edges.portal.memory_operations import MemoryOperations
from tests.edges.portal.memory_visits import MemoryVisits
from tests.edges.portal.visitor import NOW, TOKEN, Visitor, credits_path

IDLE_SECONDS = 1_800
VISIT_SECONDS_MAX = 43_200


def keeper(token: str = TOKEN) -> VisitKeeper:
    visits = MemoryVisits(PortalSettings(operator_token=token), lambda: NOW)
    return VisitKeeper(visits, operator_token=token, idle_seconds=IDLE_SECONDS)


async def test_a_stranger_is_led_to_the_sign_in_page_and_back() -> None:
    visitor = Visitor()
    path = credits_path(visitor.operations.open().organization.organization_id)
    answer = await visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/portal/sign-in?return_to={path.replace('/', '%2F')}"
    signed_in = await visitor.sign_in(path=answer.headers["location"])
    assert signed_in.headers["location"] == path
    assert (await visitor.get(path)).status_code == 200


async def test_a_wrong_token_is_refused_beside_the_field() -> None:
    visitor = Visitor()
    answer = await visitor.sign_in("something else")
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="operator-token-error"' in answer.text
    assert "This is not the operator token." in answer.text
    assert (await visitor.get("/portal/")).status_code == 303


async def test_an_empty_token_field_is_said_to_be_empty() -> None:
    assert "Enter the operator token." in (await Visitor().sign_in(" ")).text


async def test_the_only_organization_is_opened_at_once_and_several_are_listed() -> None:
    visitor = Visitor()
    books = visitor.operations.open("Prima")
    to_sign_in = (await visitor.get("/portal/")).headers["location"]
    assert to_sign_in == "/portal/sign-in"
    answer = await visitor.sign_in(path=to_sign_in)
    assert answer.headers["location"] == credits_path(books.organization.organization_id)
    visitor = Visitor()
    visitor.operations.open("Prima")
    visitor.operations.open("Zweite")
    assert (await visitor.sign_in()).headers["location"] == "/portal/"
    listed = (await visitor.get("/portal/")).text
    assert listed.index("Prima") < listed.index("Zweite")


async def test_the_cookie_is_for_this_site_alone_and_no_script_reads_it() -> None:
    answer = await Visitor().sign_in()
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("commcredits_portal=2.")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/portal" in cookie
    assert "Max-Age" not in cookie
    assert TOKEN not in cookie


async def test_over_tls_the_cookie_is_sent_over_tls_only() -> None:
    visitor = Visitor()
    answer = await visitor.http.get("https://portal.test/portal/sign-in")
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_visit_ends_when_nothing_is_asked_of_it() -> None:
    visitor = Visitor()
    await visitor.sign_in()
    visitor.clock.pass_seconds(IDLE_SECONDS - 1)
    assert (await visitor.get("/portal/")).status_code == 200
    visitor.clock.pass_seconds(IDLE_SECONDS - 1)
    assert (await visitor.get("/portal/")).status_code == 200
    visitor.clock.pass_seconds(IDLE_SECONDS + 1)
    assert (await visitor.get("/portal/")).status_code == 303


async def test_live_updates_do_not_keep_a_visit_alive() -> None:
    visitor = Visitor()
    live = credits_path(visitor.operations.open().organization.organization_id) + "/live"
    await visitor.sign_in()
    visitor.clock.pass_seconds(IDLE_SECONDS - 1)
    assert (await visitor.get(live, htmx=True)).status_code == 200
    visitor.clock.pass_seconds(2)
    ended = await visitor.get(live, htmx=True)
    assert ended.status_code == 401
    assert ended.headers["hx-redirect"] == "/portal/sign-in"


async def test_no_visit_outlives_its_longest_time() -> None:
    visitor = Visitor()
    await visitor.sign_in()
    for _ in range(VISIT_SECONDS_MAX // IDLE_SECONDS):
        visitor.clock.pass_seconds(IDLE_SECONDS)
        assert (await visitor.get("/portal/")).status_code == 200
    visitor.clock.pass_seconds(1)
    assert (await visitor.get("/portal/")).status_code == 303


async def test_a_copied_cookie_is_worth_nothing_after_sign_out() -> None:
    visitor = Visitor()
    await visitor.sign_in()
    copied = visitor.http.cookies["commcredits_portal"]
    form = visitor.form((await visitor.get("/portal/")).text, "/portal/sign-out")
    assert (await visitor.submit(form)).headers["location"] == "/portal/sign-in"
    assert (await visitor.get("/portal/")).status_code == 303
    visitor.http.cookies.clear()
    visitor.http.cookies.set("commcredits_portal", copied, domain="portal.test", path="/portal")
    assert (await visitor.get("/portal/")).status_code == 303


async def test_a_form_without_its_token_does_nothing() -> None:
    visitor = Visitor()
    books = visitor.operations.open()
    await visitor.sign_in()
    path = credits_path(books.organization.organization_id) + "/add-funds"
    for token in ("", "0" * 64, "ș" * 10):
        answer = await visitor.post(path, {"form_token": token, "amount": "50", "payment_method": "card_good"})
        assert answer.status_code == 403
        assert "This form is no longer valid" in answer.text
    assert books.top_ups == []


async def test_the_token_of_another_visit_opens_no_form() -> None:
    operations = MemoryOperations(NOW)
    stranger, visitor = Visitor(operations), Visitor(operations)
    await stranger.sign_in()
    await visitor.sign_in()
    form = stranger.form((await stranger.get("/portal/")).text, "/portal/sign-out")
    assert (await visitor.submit(form)).status_code == 403


async def test_the_sign_in_form_has_a_token_of_its_own() -> None:
    visitor = Visitor()
    await visitor.get("/portal/sign-in")
    assert (await visitor.post("/portal/sign-in", {"operator_token": TOKEN})).status_code == 403


@pytest.mark.parametrize("body", [b"x" * 20_000, b"\xff\xfe", b"&".join([b"a=1"] * 40), b"form_token=%ff"])
async def test_a_form_that_cannot_be_read_does_nothing(body: bytes) -> None:
    visitor = Visitor()
    await visitor.sign_in()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await visitor.http.post("/portal/sign-out", content=body, headers=headers)).status_code == 403
    assert (await visitor.get("/portal/")).status_code == 200


async def test_something_other_than_a_form_does_nothing() -> None:
    visitor = Visitor()
    await visitor.sign_in()
    assert (await visitor.http.post("/portal/sign-out", json={})).status_code == 403


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/portal/\\evil", "/elsewhere", "/portal/" + "x" * 600]
)
async def test_signing_in_leads_nowhere_else(elsewhere: str) -> None:
    visitor = Visitor()
    form = visitor.form((await visitor.get("/portal/sign-in")).text, "/portal/sign-in")
    answer = await visitor.submit(form, operator_token=TOKEN, return_to=elsewhere)
    assert answer.headers["location"] == "/portal/"


async def test_every_answer_carries_the_strict_policy_and_is_not_kept() -> None:
    visitor = Visitor()
    await visitor.sign_in()
    for path in ("/portal/", "/portal/sign-in", "/portal/nothing-here"):
        answer = await visitor.get(path)
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


async def test_language_and_theme_are_kept_and_lead_back() -> None:
    visitor = Visitor(language="ro-RO,ro;q=0.9,en;q=0.8")
    page = (await visitor.get("/portal/sign-in")).text
    assert '<html lang="ro" dir="ltr">' in page
    answer = await visitor.submit(visitor.form(page, "/portal/language"), language="en")
    assert answer.headers["location"] == "/portal/sign-in"
    page = (await visitor.get("/portal/sign-in")).text
    assert '<html lang="en"' in page
    await visitor.submit(visitor.form(page, "/portal/theme"), theme="dark")
    assert 'data-theme="dark"' in (await visitor.get("/portal/sign-in")).text
    await visitor.submit(visitor.form(page, "/portal/theme"), theme="purple")
    assert 'data-theme="dark"' in (await visitor.get("/portal/sign-in")).text


async def test_a_static_file_is_kept_for_ever_under_its_version() -> None:
    visitor = Visitor()
    page = (await visitor.get("/portal/sign-in")).text
    address = next(part for part in page.split('"') if part.startswith("/portal/static/ground.css"))
    answer = await visitor.get(address)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    unversioned = await visitor.get("/portal/static/ground.css")
    assert unversioned.headers["cache-control"] == "public, max-age=86400"
    again = await visitor.http.get("/portal/static/ground.css", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    for missing in ("manifest.json", "..%2Fapp.py", "vendor", "licences"):
        assert (await visitor.get(f"/portal/static/{missing}")).status_code == 404


async def test_a_forged_or_mangled_cookie_is_nobodys() -> None:
    visit = keeper().begin(NOW)
    cookie = keeper().write(visit, NOW)
    assert await keeper().read(cookie, NOW, "") == visit
    form, payload, signature = cookie.split(".")
    forged = keeper("another token").write(visit, NOW)
    mangled = (
        forged,
        f"{form}.{payload}.",
        f"{form}.{payload}x.{signature}",
        f"2.{payload}.{signature}",
        f"3.{payload}.{signature}",
        f"2.{'0' * 64}",
        "2.",
        "",
        "é",
        "." * 600,
    )
    for each in mangled:
        assert await keeper().read(each, NOW, "") is None


async def test_signing_in_makes_a_new_cookie_whatever_was_set_before() -> None:
    visitor = Visitor()
    await visitor.get("/portal/sign-in")
    before = visitor.http.cookies["commcredits_portal"]
    await visitor.sign_in()
    first = visitor.http.cookies["commcredits_portal"]
    assert len({before, first}) == 2
    thief = Visitor(visitor.operations)
    thief.http.cookies.set("commcredits_portal", before, domain="portal.test", path="/portal")
    assert (await thief.get("/portal/")).status_code == 303, "whoever set the cookie before is nobody"


async def test_over_tls_no_other_host_and_no_other_way_can_set_the_cookie() -> None:
    visitor = Visitor()
    answer = await visitor.http.get("https://portal.test/portal/sign-in")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-commcredits_portal=")
    assert "; Path=/;" in cookie
    assert "Secure" in cookie
    assert "Domain" not in cookie


async def test_what_changes_who_pays_asks_for_a_fresh_proof_before_the_form_is_shown_and_leads_back() -> None:
    visitor = Visitor()
    path = credits_path(visitor.operations.open().organization.organization_id) + "/add-funds"
    await visitor.sign_in()
    assert (await visitor.get(path)).status_code == 200
    visitor.clock.pass_seconds(901)
    answer = await visitor.get(path)
    assert answer.status_code == 303
    to_proof = answer.headers["location"]
    assert to_proof == f"/portal/prove?return_to={path.replace('/', '%2F')}"
    assert (await visitor.get(path, htmx=True)).headers["hx-redirect"] == to_proof
    form = visitor.form((await visitor.get(to_proof)).text, "/portal/prove")
    assert (await visitor.submit(form, operator_token="something else")).status_code == 422
    assert (await visitor.get(path)).status_code == 303
    proved = await visitor.submit(form, operator_token=TOKEN)
    assert proved.headers["location"] == path
    assert (await visitor.get(path)).status_code == 200


async def test_a_form_that_was_sent_too_late_waits_for_the_proof_and_loses_nothing() -> None:
    visitor = Visitor()
    books = visitor.operations.open()
    path = credits_path(books.organization.organization_id) + "/add-funds"
    await visitor.sign_in()
    form = visitor.form((await visitor.get(path)).text, path)
    visitor.clock.pass_seconds(901)
    answer = await visitor.submit(form, amount="75")
    assert answer.status_code == 303
    assert books.top_ups == []
    to_proof = answer.headers["location"]
    proof = visitor.form((await visitor.get(to_proof)).text, "/portal/prove")
    go_on = (await visitor.submit(proof, operator_token=TOKEN)).headers["location"]
    kept = visitor.form((await visitor.get(go_on)).text, path)
    assert kept.fields["amount"] == "75"
    assert (await visitor.submit(kept)).status_code == 303
    assert [top_up.amount_micros for top_up in books.top_ups] == [75_000_000]
    assert (await visitor.get(go_on)).status_code == 404, "it waits once"


def test_a_portal_without_a_token_is_not_built() -> None:
    with pytest.raises(ValueError, match="operator token"):
        PortalSettings(operator_token="  ")
    assert TOKEN not in repr(PortalSettings(operator_token=TOKEN))
