"""Looks at an operator's Stripe account without moving money, and says of everything that is not well what to do."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

import stripe

from commcredits.gateways.protocol import Finding
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.calls import API_VERSION, LIST_PAGE, StripeCalls, asking, read
from commcredits.gateways.stripe.events import EVENT_TYPES
from commcredits.gateways.stripe.keys import DIGEST_FIELD, digest_of
from commcredits.gateways.stripe.options import StripeOptions
from commcredits.gateways.stripe.troubles import Trouble, detail_of, trouble_of

CLOCK_SECONDS_MAX: Final = 60
"""How far our clock may be off: signatures are good for five minutes, and other clocks take their part of them."""

WEBHOOK_PATH: Final = "/v1/gateways/stripe/webhooks"


async def diagnose(calls: StripeCalls, options: StripeOptions, clock: Callable[[], float]) -> tuple[Finding, ...]:
    """Look at the key, the clock, the API version, the search and the webhooks; `clock` tells Unix seconds."""
    try:
        answered = await calls.client.v1.balance.retrieve_async(None, asking())
        balance = read(answered, shapes.Balance)
    except stripe.StripeError as error:
        return (_key_finding(error),)
    response = answered.last_response
    headers: dict[str, str] = (
        {} if response is None else {name.lower(): text for name, text in response.headers.items()}
    )
    return (
        Finding(check="key", well=True, detail=f"Stripe takes the key ({'live' if balance.livemode else 'test'} mode)"),
        _mode_finding(options, balance),
        _clock_finding(headers.get("date", ""), clock()),
        _version_finding(headers.get("stripe-version", "")),
        await _account_finding(calls),
        await _search_finding(calls),
        _secret_finding(options),
        await _webhook_finding(calls, options),
    )


def _key_finding(error: stripe.StripeError) -> Finding:
    to_do = {
        Trouble.KEY_REFUSED: "set secret_key to a key of this account that Stripe has not revoked or restricted",
        Trouble.NOT_SENT: "let this machine reach the API over HTTPS, and look at api_base",
    }.get(trouble_of(error), "ask again in a minute; Stripe's status page tells of disturbances")
    return Finding(check="key", well=False, detail=f"{detail_of(error)}: {to_do}")


def _mode_finding(options: StripeOptions, balance: shapes.Balance) -> Finding:
    if options.live == balance.livemode:
        detail = "real money moves" if balance.livemode else "no real money moves; set a live key to take payments"
        return Finding(check="mode", well=True, detail=detail)
    return Finding(check="mode", well=False, detail="the key's name and its account disagree; make a new key")


def _clock_finding(date: str, now: float) -> Finding:
    try:
        off_seconds = round(now - parsedate_to_datetime(date).timestamp())
    except ValueError:
        return Finding(check="clock", well=True, detail="Stripe did not tell its time")
    if abs(off_seconds) <= CLOCK_SECONDS_MAX:
        return Finding(check="clock", well=True, detail=f"{off_seconds:+d} s from Stripe's clock")
    to_do = "webhooks will be taken for old copies; let this machine keep its time by NTP"
    return Finding(check="clock", well=False, detail=f"{off_seconds:+d} s from Stripe's clock: {to_do}")


def _version_finding(version: str) -> Finding:
    if version in {"", API_VERSION}:
        return Finding(check="api version", well=True, detail=API_VERSION)
    to_do = "something between here and Stripe changes headers"
    return Finding(check="api version", well=False, detail=f"asked for {API_VERSION}, answered as {version}: {to_do}")


async def _account_finding(calls: StripeCalls) -> Finding:
    try:
        account = await calls.account()
    except stripe.PermissionError:
        detail = "this key may not read the account, so keys are closed in US dollars; allow it to read accounts"
        return Finding(check="account", well=True, detail=detail)
    except stripe.StripeError as error:
        return Finding(check="account", well=False, detail=f"{detail_of(error)}: ask again")
    if account.charges_enabled is False:
        return Finding(check="account", well=False, detail="Stripe does not let this account charge; finish its setup")
    return Finding(check="account", well=True, detail=f"may charge ({account.country or 'country not told'})")


async def _search_finding(calls: StripeCalls) -> Finding:
    try:
        await calls.search_intents(f"metadata['{DIGEST_FIELD}']:'{digest_of('diagnosis')}'")
    except stripe.StripeError as error:
        to_do = "charges need Stripe's search, which accounts in India don't have; let the key read PaymentIntents"
        return Finding(check="search", well=False, detail=f"{detail_of(error)}: {to_do}")
    return Finding(check="search", well=True, detail="charges are found by our keys")


def _secret_finding(options: StripeOptions) -> Finding:
    if options.webhook_secrets:
        return Finding(check="webhook secret", well=True, detail=f"{len(options.webhook_secrets)} set")
    to_do = "set webhook_secret to the endpoint's signing secret (whsec_…); until then every webhook is refused"
    return Finding(check="webhook secret", well=False, detail=f"none is set: {to_do}")


async def _webhook_finding(calls: StripeCalls, options: StripeOptions) -> Finding:
    try:
        listed = await calls.client.v1.webhook_endpoints.list_async({"limit": LIST_PAGE}, asking())
        endpoints = [read(each, shapes.Endpoint) for each in listed.data]
    except stripe.StripeError as error:
        to_do = "let the key read webhook endpoints, or look at them in Stripe's dashboard"
        return Finding(check="webhook endpoint", well=False, detail=f"{detail_of(error)}: {to_do}")
    ours = [each for each in endpoints if _is_ours(each, options)]
    wanted = options.webhook_url or f"https://…{WEBHOOK_PATH}"
    if not ours:
        return Finding(check="webhook endpoint", well=False, detail=f"none sends to {wanted}: add one in the dashboard")
    if all(each.status != "enabled" for each in ours):
        return Finding(check="webhook endpoint", well=False, detail=f"{ours[0].url} is disabled: enable it")
    enabled = {event for each in ours if each.status == "enabled" for event in each.enabled_events}
    missing = [] if "*" in enabled else sorted(set(EVENT_TYPES) - enabled)
    if missing:
        to_do = "select them, so that nothing waits for a sweep"
        return Finding(check="webhook endpoint", well=False, detail=f"does not send {', '.join(missing)}: {to_do}")
    return Finding(check="webhook endpoint", well=True, detail=f"{ours[0].url} sends what is needed")


def _is_ours(endpoint: shapes.Endpoint, options: StripeOptions) -> bool:
    return endpoint.url == options.webhook_url if options.webhook_url else endpoint.url.endswith(WEBHOOK_PATH)
