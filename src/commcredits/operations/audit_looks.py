"""What an act changes, as it stands: read before the act and after it, for the audit log.

Knows which rows an operation's parameters lead to. Refuses to decide anything, and to read a secret. Each look is a
statement of its own beside the act: another act that is under way at the same moment may show in it, and the order of
entries tells which came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import structs

from commcredits.core.account import Account
from commcredits.core.funds import posted_micros
from commcredits.core.roster import Roster
from commcredits.operations.auditing import Look
from commcredits.operations.services import Services
from commcredits.storage import receipts
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import identifier_or_none
from commcredits.storage.loading import load_accounts
from commcredits.storage.parties import find_parties
from commcredits.storage.payment_methods import read_payment_methods
from commcredits.storage.rosters import count_licences, load_roster

Given = Mapping[str, Any]

_PEOPLE_MAX: Final = 10
"""Of so many people at most the log keeps what they had before: of more, the parameters say what was wanted."""


async def at_auto_recharge(services: Services, given: Given) -> object:
    """The rule, and whether it is held back."""
    account = await _account(services, given)
    if account is None or account.recharge.rule is None:
        return None
    recharge = account.recharge
    return {**structs.asdict(account.recharge.rule), "suspended": recharge.suspended, "paused": recharge.paused}


async def at_alerts(services: Services, given: Given) -> object:
    """The amounts at which somebody is told."""
    account = await _account(services, given)
    return None if account is None else {"amounts_micros": account.alerts.amounts_micros}


async def at_billing(services: Services, given: Given) -> object:
    """In which currency, and when, calls are paid."""
    account = await _account(services, given)
    if account is None:
        return None
    return {"currency": account.currency, "post_usage": account.post_usage, "status": account.status}


async def at_rate_deck(services: Services, given: Given) -> object:
    """Which deck prices calls now, and which one next."""
    account = await _account(services, given)
    if account is None:
        return None
    names = ("rate_deck_id", "next_rate_deck_id", "next_rate_deck_at")
    return {name: getattr(account, name) for name in names}


async def at_organization(services: Services, given: Given) -> object:
    """What is said of the organization itself."""
    row = await services.pool.fetchrow(
        load_statement("get_organization"), services.shard_id, str(given["organization_id"])
    )
    if row is None:
        return None
    return {name: row[name] for name in ("name", "country", "currency", "time_zone", "language", "status")}


async def at_funds(services: Services, given: Given) -> object:
    """What is left, and what is owed; in millionths."""
    account = await _account(services, given)
    if account is None:
        return None
    posted = posted_micros(account.lots, services.clock())
    return {"balance_micros": posted, "owed_micros": account.owed_micros}


async def at_rules(services: Services, given: Given) -> object:
    """The rules of the organization, without what is counted beside them."""
    async with services.pool.acquire() as connection:
        roster = await load_roster(connection, services.shard_id, str(given["organization_id"]))
    roster = roster or Roster(version=0)
    counted = {"version", "assigned", "purchased", "usual_daily_micros"}
    return {name: value for name, value in structs.asdict(roster).items() if name not in counted}


async def at_licences(services: Services, given: Given) -> object:
    """How many licences are bought, and what the people who are named have."""
    organization_id = str(given["organization_id"])
    async with services.pool.acquire() as connection:
        counts = await count_licences(connection, services.shard_id, organization_id)
    bought = {f"{licence}/{country}": quantity for (licence, country), quantity in counts.bought.items()}
    users = [*given.get("users", ()), *(each.user for each in given.get("assignments", ()))]
    people = await _people(services, organization_id, users) if len(users) <= _PEOPLE_MAX else {}
    return {"bought": bought, **people}


async def at_party(services: Services, given: Given) -> object:
    """A user or resource account with licences, policies and caps."""
    content = given.get("content")
    name = given.get("user") or given.get("party_id") or getattr(content, "user_principal_name", "")
    found = await _people(services, str(given["organization_id"]), [str(name)], whole=True)
    return next(iter(found.values()), None)


async def at_number(services: Services, given: Given) -> object:
    """Whose the number is and whom it serves, where it is this organization's."""
    row = await services.pool.fetchrow(load_statement("get_phone_number"), services.shard_id, given["number"])
    if row is None or str(row["organization_id"]) != given["organization_id"]:
        return None
    names = ("kind", "display_name", "purpose", "party_id")
    return {name: row[name] if row[name] is None else str(row[name]) for name in names}


async def at_block(services: Services, given: Given) -> object:
    """One block, in force or lifted."""
    block_id = identifier_or_none(str(given["block_id"]))
    row = await services.pool.fetchrow(
        load_statement("get_block"), services.shard_id, str(given["organization_id"]), block_id
    )
    if row is None:
        return None
    return {name: row[name] for name in ("kind", "subject", "reason", "blocked_at", "lifted_at", "lifted_by")}


async def at_blocks(services: Services, given: Given) -> object:
    """What is blocked."""
    account = await _account(services, given)
    blocks = () if account is None else account.blocks
    return {"blocks": [f"{each.kind.value} {each.subject}" for each in blocks]}


async def at_payment_methods(services: Services, given: Given) -> object:
    """The payment methods and their roles, by how people know them."""
    records = await read_payment_methods(services.pool, services.shard_id, str(given["organization_id"]))
    shown = ("gateway", "kind", "brand", "last4", "is_default", "is_backup")
    return {record.payment_method_id: {name: getattr(record, name) for name in shown} for record in records}


async def at_billing_details(services: Services, given: Given) -> object:
    """Who buys."""
    return await receipts.read_billing_details(services.pool, services.shard_id, str(given["organization_id"]))


async def at_recipients(services: Services, given: Given) -> object:
    """Who hears of what by mail."""
    rows = await services.pool.fetch(
        load_statement("list_recipients"), services.shard_id, str(given["organization_id"])
    )
    return {row["address"]: f"{row['language']} {' '.join(row['kinds'])}" for row in rows}


async def at_endpoints(services: Services, given: Given) -> object:
    """The webhook endpoints, without their secrets."""
    rows = await services.pool.fetch(
        load_statement("list_endpoints"), services.shard_id, str(given["organization_id"]), None
    )
    shown = ("url", "description", "kinds", "state")
    return {str(row["endpoint_id"]): {name: row[name] for name in shown} for row in rows}


LOOKS: Final[tuple[Look, ...]] = (
    at_auto_recharge, at_alerts, at_billing, at_rate_deck, at_organization, at_funds, at_rules, at_licences, at_party,
    at_number, at_block, at_blocks, at_payment_methods, at_billing_details, at_recipients, at_endpoints,
)  # fmt: skip
"""All of them: that each is one, a type checker sees here."""


async def _account(services: Services, given: Given) -> Account | None:
    """The account; None where there is no such organization, which the operation itself says."""
    organization_id = str(given["organization_id"])
    if identifier_or_none(organization_id) is None:
        return None
    async with services.pool.acquire() as connection:
        loaded = await load_accounts(connection, services.shard_id, [organization_id])
    return loaded[organization_id].account if organization_id in loaded else None


async def _people(
    services: Services, organization_id: str, users: list[str], *, whole: bool = False
) -> dict[str, object]:
    """These people by name: all that is known of them, or their licences alone."""
    ids = [user for user in users if identifier_or_none(user)]
    async with services.pool.acquire() as connection:
        found = await find_parties(
            connection, services.shard_id, organization_id, party_ids=ids, names=[user.lower() for user in users]
        )
    return {
        each.user_principal_name or each.party_id: each if whole else sorted(licence.value for licence in each.licences)
        for each in found
    }
