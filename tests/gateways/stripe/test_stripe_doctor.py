"""The doctor finds what is wrong with an account, says what to do, and moves no money."""

import time

import pytest

from commcredits.gateways.protocol import Finding
from commcredits.gateways.stripe.events import EVENT_TYPES
from commcredits.gateways.stripe.gateway import StripeGateway
from tests.gateways.stripe.conftest import open_gateway_at
from tests.gateways.stripe.fake_stripe import SECRET_KEY, FakeStripe, Fault

OUR_URL = "https://credits.example/v1/gateways/stripe/webhooks"


def _endpoint(fake: FakeStripe, *, url: str = OUR_URL, status: str = "enabled", events: tuple[str, ...]) -> None:
    fake.books.endpoints["we_1"] = {
        "id": "we_1",
        "object": "webhook_endpoint",
        "url": url,
        "status": status,
        "enabled_events": list(events),
    }


async def _findings(fake: FakeStripe, **settings: str) -> dict[str, Finding]:
    gateway = open_gateway_at(fake, **settings)
    found = await gateway.diagnose()
    await gateway.aclose()
    assert all(SECRET_KEY not in finding.detail for finding in found)
    return {finding.check: finding for finding in found}


async def test_a_well_set_up_account_has_nothing_to_do(fake: FakeStripe) -> None:
    _endpoint(fake, events=EVENT_TYPES)
    found = await _findings(fake, webhook_url=OUR_URL)
    assert [finding for finding in found.values() if not finding.well] == []
    assert set(found) == {
        "key", "mode", "clock", "api version", "account", "search", "webhook secret", "webhook endpoint"
    }  # fmt: skip
    assert "test" in found["key"].detail
    assert [each for each in fake.requests if each.method != "GET"] == []


async def test_a_key_that_stripe_refuses_is_the_only_thing_to_mend(fake: FakeStripe) -> None:
    found = await _findings(fake, secret_key="sk_test_revoked")
    assert list(found) == ["key"]
    assert not found["key"].well
    assert "set secret_key" in found["key"].detail
    assert "sk_" not in found["key"].detail


async def test_a_live_key_of_a_test_account_is_noticed(fake: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> None:
    live = SECRET_KEY.replace("test", "live")
    monkeypatch.setattr("tests.gateways.stripe.fake_stripe.SECRET_KEY", live)
    assert not (await _findings(fake, secret_key=live))["mode"].well


@pytest.mark.parametrize(("skew_seconds", "well"), [(0, True), (-45, True), (120, False), (-3_600, False)])
async def test_a_wrong_clock_is_noticed(fake: FakeStripe, skew_seconds: int, *, well: bool) -> None:
    fake.skew_seconds = skew_seconds
    found = await _findings(fake)
    assert found["clock"].well is well
    if not well:
        assert "NTP" in found["clock"].detail


async def test_the_clock_is_the_one_that_main_hands_over(fake: FakeStripe, gateway: StripeGateway) -> None:
    wrong = StripeGateway(gateway._options, clock=lambda: time.time() + 7_200)  # noqa: SLF001 - the same settings again
    found = {finding.check: finding for finding in await wrong.diagnose()}
    await wrong.aclose()
    assert not found["clock"].well
    assert fake.requests


@pytest.mark.parametrize(
    ("url", "status", "events", "says"),
    [
        ("https://elsewhere.example/hook", "enabled", EVENT_TYPES, "none sends to"),
        (OUR_URL, "disabled", EVENT_TYPES, "enable it"),
        (OUR_URL, "enabled", EVENT_TYPES[1:], "payment_intent.succeeded"),
    ],
)
async def test_a_webhook_endpoint_that_will_not_do_is_noticed(
    fake: FakeStripe, url: str, status: str, events: tuple[str, ...], says: str
) -> None:
    _endpoint(fake, url=url, status=status, events=events)
    finding = (await _findings(fake, webhook_url=OUR_URL))["webhook endpoint"]
    assert not finding.well
    assert says in finding.detail


async def test_an_endpoint_that_sends_everything_will_do(fake: FakeStripe) -> None:
    _endpoint(fake, events=("*",))
    assert (await _findings(fake))["webhook endpoint"].well


async def test_a_missing_secret_a_closed_account_and_a_missing_search_are_noticed(fake: FakeStripe) -> None:
    fake.books.account["charges_enabled"] = False
    refusal = {"type": "invalid_request_error", "message": "Search is not available."}
    fake.faults.append(Fault("/search", status=400, error=refusal))
    found = await _findings(fake, webhook_secret="", webhook_secret_previous="")
    for check in ("webhook secret", "account", "search"):
        assert not found[check].well, check


async def test_a_restricted_key_is_told_what_it_may_not_read(fake: FakeStripe) -> None:
    for path in ("/webhook_endpoints", "/account", "/search"):
        fake.faults.append(Fault(path, status=403, times=1, error={"type": "invalid_request_error"}))
    found = await _findings(fake)
    assert not found["webhook endpoint"].well
    assert not found["search"].well
    assert found["account"].well
    assert "US dollars" in found["account"].detail
