"""Organizations of a story: opened through the administration API, and read there when the last call has ended.

Knows the API's paths, the price of a second, and when books agree. Refuses to know who places which calls.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from commcredits.core.money import format_micros, parse_micros
from commcredits.edges.demo.administration import AdministrationClient
from commcredits.main.running import Running

CURRENCY: Final = "EUR"
PRICE_PER_MINUTE_MICROS: Final = 610_000
"""A second costs 0.010166…: what a call costs is rounded up once, at its end."""

PAGE_ITEMS: Final = 200


def price_micros(duration_seconds: int) -> int:
    """What so many seconds cost at the story's rate."""
    return -(-PRICE_PER_MINUTE_MICROS * duration_seconds // 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCall:
    """One call as the books tell it."""

    state: str
    service: str
    duration_seconds: int
    charged_micros: int
    held_micros: int
    refusal: str | None
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One organization: what it was given, what is left, its calls by session id, their cost by the journal."""

    organization_id: str
    funds_micros: int
    posted_micros: int
    held_micros: int
    calls: Mapping[str, LedgerCall]
    journal_micros: int

    @property
    def charged_micros(self) -> int:
        """What all calls were charged, in millionths."""
        return sum(call.charged_micros for call in self.calls.values())

    @property
    def agrees(self) -> bool:
        """Whether calls, journal and balance tell of the same money, to the millionth."""
        held_micros = sum(call.held_micros for call in self.calls.values())
        spent_micros = self.funds_micros - self.posted_micros
        return self.charged_micros == self.journal_micros == spent_micros and held_micros == self.held_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Every account by its story's name for it, and what verification found wrong."""

    accounts: Mapping[str, Account]
    discrepancies: tuple[Mapping[str, Any], ...]

    def call(self, session_id: str) -> LedgerCall | None:
        """The call of a session id; None when no organization has it."""
        found = (account.calls.get(session_id) for account in self.accounts.values())
        return next((call for call in found if call is not None), None)


@asynccontextmanager
async def administration(running: Running, token: str) -> AsyncIterator[AdministrationClient]:
    """The administration API of a running system."""
    async with httpx.AsyncClient(base_url=running.web_url) as http:
        yield AdministrationClient(http=http, token=token)


async def publish_deck(api: AdministrationClient) -> str:
    """Publish the rate of the stories, Germany by the second; the rate deck's id. Raises AdministrationError."""
    deck = await api.publish_rate_deck(_deck(), name="Story", currency=CURRENCY, key="deck")
    return str(deck["rate_deck_id"])


async def open_organization(api: AdministrationClient, name: str, rate_deck_id: str, funds_micros: int) -> str:
    """Open an organization with its rate and its funds, if any; its id. Raises AdministrationError."""
    facts = {"country": "RO", "currency": CURRENCY, "time_zone": "Europe/Bucharest", "language": "en"}
    organization = await api.post("/v1/organizations", {"name": name, **facts}, key=f"open-{name}".replace(" ", "-"))
    organization_id = str(organization["organization_id"])
    path = f"/v1/organizations/{organization_id}"
    await api.put(f"{path}/rate-deck", {"rate_deck_id": rate_deck_id})
    if funds_micros:
        expires_at = datetime.now(UTC) + timedelta(days=1)
        grant = {
            "amount": format_micros(funds_micros),
            "expires_at": expires_at.isoformat().replace("+00:00", "Z"),
            "reason": "for the story",
        }
        await api.post(f"{path}/promotions", grant, key="funds")
    return organization_id


async def read_ledger(running: Running, token: str, opened: Mapping[str, str]) -> Ledger:
    """What the books say of the organizations that were opened. Raises AdministrationError."""
    async with administration(running, token) as api:
        accounts = {number: await _account(api, organization_id) for number, organization_id in opened.items()}
        verification = await api.post("/v1/verify")
    return Ledger(accounts=accounts, discrepancies=tuple(verification["discrepancies"]))


def _deck() -> bytes:
    price = format_micros(PRICE_PER_MINUTE_MICROS)
    return (
        "prefix,destination,service,price_per_minute,connection_fee,first_increment,next_increment,"
        f"effective_from,effective_to\n49,Germany,outbound,{price},0,1,1,2026-01-01,\n"
    ).encode()


async def _account(api: AdministrationClient, organization_id: str) -> Account:
    path = f"/v1/organizations/{organization_id}"
    balance = await api.get(f"{path}/balance")
    transfers = [transfer async for transfer in _items(api, f"{path}/journal")]
    return Account(
        organization_id=organization_id,
        funds_micros=sum(parse_micros(each["amount"]) for each in transfers if each["reason"] == "promotion"),
        posted_micros=parse_micros(balance["posted"]),
        held_micros=parse_micros(balance["held"]),
        calls={
            call["session_id"]: LedgerCall(
                state=call["state"],
                service=call["service"],
                duration_seconds=call["duration_seconds"],
                charged_micros=parse_micros(call["charged"]),
                held_micros=parse_micros(call["held"]),
                refusal=call["refusal"],
                cause=call["cause"],
            )
            async for call in _items(api, f"{path}/calls")
        },
        journal_micros=sum(parse_micros(each["amount"]) for each in transfers if each["reason"] == "call")
        - sum(parse_micros(each["amount"]) for each in transfers if each["reason"] == "call_correction"),
    )


async def _items(api: AdministrationClient, path: str) -> AsyncIterator[Mapping[str, Any]]:
    query = {"limit": str(PAGE_ITEMS)}
    while True:
        page = await api.get(path, **query)
        for item in page["items"]:
            yield item
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]
