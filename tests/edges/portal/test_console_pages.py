"""The console without scripts, over the real database: pages show what happened, and forms do what they say."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from commcredits.core.access import ROLE_PERMISSIONS, Role, permissions_of
from commcredits.core.outcomes import Refused
from commcredits.operations.adjustments import AdjustmentState, get_adjustment
from commcredits.operations.fraud_desk import get_block_case
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.refunds import refund_top_up
from commcredits.operations.reports import Balance, read_balance
from commcredits.operations.service_health import Level, SignKind, measure_health
from commcredits.operations.tariffs import list_rate_decks
from commcredits.operations.verification_runs import run_asked_verifications
from tests.edges.portal.console_world import (
    UNIT,
    Browser,
    ConsoleWorld,
    adjust,
    fill,
    form_to,
    open_world,
    refund,
    staff,
)
from tests.edges.portal.visitor import TOKEN, forms_of, text_of
from tests.operations.office import DECK

PAGES: Final = (
    ("", "Health"),
    ("gateways", "Payment gateways"),
    ("organizations", "Exemplu SRL"),
    ("organizations/new", "Open an organization"),
    ("organizations/{organization}", "Exemplu SRL"),
    ("live-calls", "Live calls"),
    ("live-calls?silent=yes", "No silent calls"),
    ("live-calls/cut?organization={organization}&session=live%2F1", "Cut this call?"),
    ("live-calls/refund?organization={organization}", "Give back"),
    ("fraud", "Bulgaria"),
    ("fraud?all=yes", "Bulgaria"),
    ("fraud/flags", "More seconds than have passed"),
    ("fraud/spending", "Unusual spending"),
    ("fraud/block?organization={organization}", "Block by hand"),
    ("fraud/blocks/{organization}/{block}", "Blocked by hand"),
    ("rate-decks", "Draft"),
    ("rate-decks?state=cost", "Costs"),
    ("rate-decks/new", "Upload a draft"),
    ("rate-decks/{draft}", "United Kingdom"),
    ("rate-decks/{draft}/compare", "No differences"),
    ("rate-decks/explain?rate_deck_id={draft}&number=%2B442079460000&service=outbound&seconds=60", "EUR 0.60"),
    ("margins", "A new report"),
    ("margins/{report}", "United Kingdom"),
    ("margins/{report}?by=organizations", "Exemplu SRL"),
    ("margins/{report}?by=services", "Outbound call"),
    ("adjustments", "goodwill after an outage"),
    ("adjustments?all=yes", "goodwill after an outage"),
    ("adjustments/new?organization={organization}", "Adjust the balance"),
    ("adjustments/{organization}/{adjustment}", "Waits for a second person"),
    ("vouchers", "No vouchers"),
    ("payments", "No purchase is stuck"),
    ("payments?all=yes", "Look it up now"),
    ("payments/disputes", "No disputes"),
    ("payments/refunds", "No refund is open"),
    ("payments/refund-requests", "bought by mistake"),
    ("payments/refund-requests?all=yes", "A purchase"),
    ("payments/refund-requests/{organization}/{refund}", "All that was unused when it was asked for"),
    ("payments/events", "Gateway messages"),
    ("payments/payouts", "Payouts"),
    ("mails-and-webhooks", "Nothing was given up"),
    ("mails-and-webhooks?way=mail", "Nothing was given up"),
    ("jobs", "expire_lots"),
    ("verifications", "The books agree"),
)
"""Each page of the console, and what it must show of the filled world."""


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[ConsoleWorld]:
    """The console of an installation with one organization."""
    async with open_world(database_url, tmp_path) as opened:
        yield opened


async def signed_in(world: ConsoleWorld, language: str = "en") -> Browser:
    browser = Browser(world, language)
    await browser.sign_in()
    return browser


@pytest.mark.slow
async def test_every_page_shows_what_happened_in_both_languages(world: ConsoleWorld) -> None:
    await fill(world)
    english, romanian = await signed_in(world), await signed_in(world, "ro")
    for path, words in PAGES:
        place = path.format(**world.ids)
        shown = await english.get(place)
        assert (shown.status_code, words in text_of(shown.text)) == (200, True), (place, words, text_of(shown.text))
        other = await romanian.get(place)
        assert (other.status_code, 'lang="ro"' in other.text) == (200, True), place


async def test_nobody_of_an_organization_gets_past_the_console_door(
    world: ConsoleWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(world)
    browser = await signed_in(world)
    own = permissions_of((Role.GLOBAL_ADMINISTRATOR,))
    for path, _words in PAGES:
        assert (await browser.get(path.format(**world.ids))).status_code == 200
    monkeypatch.setitem(ROLE_PERMISSIONS, Role.OPERATOR_OWNER, own)
    administrator = await signed_in(world)
    for path, _words in PAGES:
        answer = await administrator.get(path.format(**world.ids))
        assert answer.status_code in {403, 404}, path
        assert "Exemplu SRL" not in answer.text, path


async def test_an_instant_outside_the_calendar_is_none(world: ConsoleWorld) -> None:
    await fill(world)
    browser = await signed_in(world)
    asked = {"number": "+442079460000", "service": "outbound", "seconds": "60", "rate_deck_id": world.ids["draft"]}
    for at in ("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "tomorrow"):
        shown = await browser.http.get("/portal/console/rate-decks/explain", params={**asked, "at": at})
        assert (shown.status_code, "EUR 0.60" in text_of(shown.text)) == (200, True), at


async def test_an_organization_is_opened_searched_and_given_its_terms(world: ConsoleWorld) -> None:
    browser = await signed_in(world)
    sent = await browser.send(
        "organizations/new",
        "organizations/new",
        name="A_100% Test",
        country="RO",
        currency="eur",
        time_zone="Europe/Bucharest",
        language="ro",
    )
    assert "The organization is open" in sent.text
    organization = str(sent.url).rpartition("/")[2].partition("?")[0]
    for search, found in (("_100%", True), ("a_100", True), ("axtest", False), (organization, True)):
        listed = await browser.http.get("/portal/console/organizations", params={"search": search})
        assert ("A_100% Test" in listed.text) is found, search
    place = f"organizations/{organization}"
    decks = await list_rate_decks(world.services, cursor=None, limit=1)
    assert not isinstance(decks, Refused)
    assigned = await browser.send(place, f"{place}/rate-deck", rate_deck_id=decks.items[0].rate_deck_id)
    assert "The rate deck was assigned" in assigned.text
    promoted = await browser.send(place, f"{place}/promotion", amount="20.50", days="30", reason="welcome")
    assert "EUR 20.50" in text_of(promoted.text)
    refused = await browser.send(place, f"{place}/currency", currency="RON")
    assert refused.status_code == 422
    line = await browser.send(place, f"{place}/billing", post_usage="yes", credit_line="100")
    assert "Billing was changed" in line.text
    unconfirmed = await browser.send(place, f"{place}/close", remainder="forfeit")
    assert "Tick this" in unconfirmed.text
    closing = await browser.send(place, f"{place}/close", remainder="forfeit", confirmed="yes")
    assert "The organization closes" in closing.text
    known = await get_organization(world.services, organization_id=organization)
    assert isinstance(known, Organization)
    assert known.status.value != "open"


async def test_a_call_is_cut_with_a_reason_and_only_where_its_switch_can_be_told(world: ConsoleWorld) -> None:
    await fill(world)
    browser = await signed_in(world)
    organization = world.ids["organization"]
    path = f"live-calls/cut?organization={organization}&session=live%2F1"
    wrong = await browser.send(path, "live-calls/cut", reason="Not a word")
    assert wrong.status_code == 422
    cut = await browser.send(path, "live-calls/cut", reason="fraud")
    assert "The cut was ordered" in cut.text
    assert "Being cut" in cut.text
    ordered = await world.services.pool.fetchrow("select session_id, reason, ordered_by from call_cuts")
    assert ordered is not None
    assert (ordered["session_id"], ordered["reason"]) == ("live/1", "fraud")
    assert ordered["ordered_by"]
    unlinked = await browser.send(path.replace("live%2F1", "unlinked"), "live-calls/cut", reason="fraud")
    assert unlinked.status_code == 422
    assert (await browser.get(path.replace("live%2F1", "call-0"))).status_code == 404, "it is over"


async def test_a_block_is_lifted_with_a_reason_that_is_kept(world: ConsoleWorld) -> None:
    await fill(world)
    browser = await signed_in(world)
    organization, block = world.ids["organization"], world.ids["block"]
    place = f"fraud/blocks/{organization}/{block}"
    silent = await browser.send(place, place, reason="   ")
    assert silent.status_code == 422
    lifted = await browser.send(place, place, reason="the customer called us")
    assert "The block was lifted" in lifted.text
    case = await get_block_case(world.services, organization_id=organization, block_id=block)
    assert not isinstance(case, Refused)
    assert case.block.lift_reason == "the customer called us"
    by_hand = f"fraud/block?organization={organization}"
    again = await browser.send(by_hand, "fraud/block", kind="user", user="front.desk@example.com")
    assert "The block is in force" in again.text
    unknown = await browser.send(by_hand, "fraud/block", kind="user", user="nobody@example.com")
    assert unknown.status_code == 422


async def test_whoever_asked_for_an_adjustment_is_not_offered_to_agree_and_cannot(world: ConsoleWorld) -> None:
    organization = world.ids["organization"]
    browser = await signed_in(world)
    asked = await browser.send(
        f"adjustments/new?organization={organization}", "adjustments/new", amount="-500", reason="chargeback"
    )
    place = str(asked.url).partition("/console/")[2].partition("?")[0]
    assert "Agree" not in asked.text
    forced = await browser.send(place, place, verdict="approve")
    assert forced.status_code == 422
    adjustment_id = place.rpartition("/")[2]
    known = await get_adjustment(world.services, organization_id=organization, adjustment_id=adjustment_id)
    assert not isinstance(known, Refused)
    assert known.state is AdjustmentState.PENDING
    taken_back = await browser.send(place, place, verdict="reject")
    assert "The adjustment was rejected" in taken_back.text


async def test_a_second_person_agrees_and_the_balance_moves(world: ConsoleWorld) -> None:
    organization = world.ids["organization"]
    pending = await adjust(world.services.acting_as(staff("ana")), organization, 500 * UNIT)
    browser = await signed_in(world)
    place = f"adjustments/{organization}/{pending.adjustment_id}"
    agreed = await browser.send(place, place, verdict="approve")
    assert "The adjustment was applied" in agreed.text
    balance = await read_balance(world.services, organization_id=organization)
    assert isinstance(balance, Balance)
    assert balance.available_micros == 550 * UNIT


async def test_whoever_asked_for_a_refund_is_not_offered_to_agree_and_cannot(world: ConsoleWorld) -> None:
    organization = world.ids["organization"]
    bought = await world.till.buy(organization, await world.till.card(organization), 300 * UNIT)
    browser = await signed_in(world)
    form = f"payments/refund?organization={organization}&top_up={bought.top_up_id}"
    assert "Up to EUR 100.00 in 24 hours" in text_of((await browser.get(form)).text)
    made = await browser.send(form, "payments/refund", amount="100", reason="left us")
    assert "The refund waits" not in made.text
    asked = await browser.send(form, "payments/refund", amount="0.01", reason="left us")
    assert "The refund waits for a second person" in asked.text
    assert "Agree" not in asked.text
    place = str(asked.url).partition("/console/")[2].partition("?")[0]
    forced = await browser.send(place, place, verdict="approve")
    assert (forced.status_code, "Somebody else has to agree." in forced.text) == (422, True)
    assert "Refunds that wait for a second person" in text_of((await browser.get("")).text)
    taken_back = await browser.send(place, place, verdict="reject")
    assert "The refund was rejected" in taken_back.text
    balance = await read_balance(world.services, organization_id=organization)
    assert isinstance(balance, Balance)
    assert balance.available_micros == 250 * UNIT


async def test_a_second_person_agrees_to_a_refund_once_they_have_proved_again_who_they_are(
    world: ConsoleWorld,
) -> None:
    pending = await refund(world, 300)
    browser = await signed_in(world)
    world.office.clock.advance(minutes=16)
    place = f"payments/refund-requests/{pending.organization_id}/{pending.refund_request_id}"
    late = await browser.send(place, place, verdict="approve")
    assert late.url.path == "/portal/prove"
    assert (await world.till.control.totals())["EUR"].refunded_minor == 0
    proof = next(each for each in forms_of(late.text) if "operator_token" in each.fields)
    kept = await browser.http.post(proof.action, data={**proof.fields, "operator_token": TOKEN})
    form = form_to(kept.text, place)
    agreed = await browser.http.post(form.action, data=form.fields)
    assert "The refund was carried out" in agreed.text
    assert (await world.till.control.totals())["EUR"].refunded_minor == 30_000
    again = await browser.get(f"adjustments/new?organization={pending.organization_id}")
    assert again.url.path.startswith("/portal/console/adjustments"), "the proof holds for a while"


async def test_a_page_says_how_much_was_left_where_less_was_left_than_was_asked_for(world: ConsoleWorld) -> None:
    pending = await refund(world, 250)
    assert pending.top_up_id is not None
    await refund_top_up(
        world.services,
        organization_id=pending.organization_id,
        command_id="meanwhile",
        top_up_id=pending.top_up_id,
        amount_micros=80 * UNIT,
        reason="meanwhile",
        requested_by="bob",
    )
    browser = await signed_in(world)
    place = f"payments/refund-requests/{pending.organization_id}/{pending.refund_request_id}"
    refused = await browser.send(place, place, verdict="approve")
    assert "EUR 220.00 of the purchase was unused then, and nothing was given back" in text_of(refused.text)
    assert (await world.till.control.totals())["EUR"].refunded_minor == 8_000


async def test_a_call_is_given_back_with_a_reason(world: ConsoleWorld) -> None:
    organization = world.ids["organization"]
    await world.office.call(organization, "long/1", 300)
    browser = await signed_in(world)
    path = f"live-calls/refund?organization={organization}"
    silent = await browser.send(path, "live-calls/refund", session="long/1", seconds="0")
    assert silent.status_code == 422, "whoever has to agree wants to know why"
    made = await browser.send(path, "live-calls/refund", session="long/1", seconds="100", reason="no audio")
    assert made.url.path.endswith(f"/console/organizations/{organization}")


async def test_a_deck_is_uploaded_compared_published_and_rolled_back(world: ConsoleWorld) -> None:
    browser = await signed_in(world)
    wrong = await browser.upload("rate-decks/new", DECK.replace(b"0.60", b"zero"), {"name": "New", "currency": "EUR"})
    assert wrong.status_code == 422
    assert "Line 2, column price_per_minute" in text_of(wrong.text)
    drafted = await browser.upload("rate-decks/new", DECK.replace(b"0.60", b"0.50"), {"name": "New", "currency": "EUR"})
    assert "The draft was kept" in drafted.text
    place = str(drafted.url).partition("/console/")[2].partition("?")[0]
    compared = await browser.get(f"{place}/compare")
    assert "EUR 0.50" in text_of(compared.text)
    decks = await list_rate_decks(world.services, cursor=None, limit=1, state="published")
    assert not isinstance(decks, Refused)
    old = decks.items[0].rate_deck_id
    published = await browser.send(place, f"{place}/publish", replaces=old)
    assert "1 organization is priced by it" in text_of(published.text)
    known = await get_organization(world.services, organization_id=world.ids["organization"])
    assert isinstance(known, Organization)
    assert known.rate_deck_id == place.rpartition("/")[2]
    back = await browser.send(place, f"{place}/roll-back")
    assert "The deck was rolled back" in back.text
    known = await get_organization(world.services, organization_id=world.ids["organization"])
    assert isinstance(known, Organization)
    assert known.rate_deck_id == old


async def test_a_stuck_purchase_is_looked_up_and_health_tells_of_it(world: ConsoleWorld) -> None:
    await fill(world)
    browser = await signed_in(world)
    world.office.clock.advance(minutes=20)
    health = await measure_health(world.services)
    assert not isinstance(health, Refused)
    levels = {sign.kind: sign.level for sign in health.signs}
    assert levels[SignKind.ATTEMPTS_STUCK] is Level.BAD
    assert levels[SignKind.DATABASE] is Level.GOOD
    stuck = await browser.get("payments")
    assert "Look it up now" in stuck.text
    looked = await browser.send("payments", "payments/look-up")
    assert "The gateway was asked" in looked.text


async def test_verification_is_asked_for_on_a_page_and_carried_out_by_the_worker(world: ConsoleWorld) -> None:
    browser = await signed_in(world)
    asked = await browser.send("verifications", "verifications")
    assert "Asked for" in asked.text
    again = await browser.send("verifications", "verifications")
    assert again.status_code == 503, "one is asked for already"
    assert await run_asked_verifications(world.services) == 1
    assert await run_asked_verifications(world.services) == 0
    assert "The books agree" in (await browser.get("verifications")).text
