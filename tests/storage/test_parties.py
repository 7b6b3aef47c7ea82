"""People are found by key among very many, also by plans that were made while there was nobody."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from commcredits.core.roster import ConferenceDialOut, DialOutPolicy, Licence, Party, PartyKind, UserDialOut
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.parties import find_parties, insert_parties, update_parties

SHARD = 0
ORGANIZATION, OTHER = "0192e0c8-0000-7000-8000-000000000001", "0192e0c8-0000-7000-8000-000000000002"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BY_KEY = {
    "get_party": 4,
    "find_parties": 4,
    "update_parties": 14,
    "delete_party": 3,
    "find_own_numbers": 3,
    "assign_user_numbers": 4,
}
"""Statements that look somebody or something up by its key, and how many parameters they take."""


def user(number: int, **fields: Any) -> Party:
    content: dict[str, Any] = {
        "party_id": f"0192e0c8-0000-7000-8000-{number:012x}",
        "kind": PartyKind.USER,
        "user_principal_name": f"User{number}@example.com",
        "display_name": f"User {number}",
        "usage_location": "RO",
        **fields,
    }
    return Party(**content)


EVERYTHING = user(
    1,
    department="Vânzări",
    licences=frozenset({Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS}),
    dial_out=DialOutPolicy(conference=ConferenceDialOut.SAME_COUNTRY, user=UserDialOut.NONE),
    premium_allowed=False,
    toll_free_allowed=False,
    monthly_cap_micros=10**15,
    shared_calling_account="0192e0c8-0000-7000-8000-0000000000ff",
)


async def insert(connection: Connection, *parties: Party, organization_id: str = ORGANIZATION) -> None:
    await insert_parties(connection, SHARD, organization_id, parties, created_at=NOON)


async def found(connection: Connection, *names: str, party_ids: tuple[str, ...] = ()) -> list[Party]:
    parties = await find_parties(connection, SHARD, ORGANIZATION, party_ids=party_ids, names=names)
    return sorted(parties, key=lambda party: party.party_id)


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every place of a plan that reads a table."""
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        yield plan
    for child in plan.get("Plans", ()):
        yield from scans(child)


async def test_what_was_written_is_read(database: Connection) -> None:
    plain = user(2, kind=PartyKind.RESOURCE_ACCOUNT, display_name="", usage_location="")
    await insert(database, EVERYTHING, plain)
    assert await found(database, "USER1@example.com", "user2@EXAMPLE.com") == [EVERYTHING, plain]


async def test_what_was_changed_is_read_and_nobody_else_is_changed(database: Connection) -> None:
    await insert(database, user(1), user(2), user(3))
    await insert(database, user(1), organization_id=OTHER)
    renamed = user(2, user_principal_name="desk@example.com", licences=frozenset({Licence.DOMESTIC}))

    await update_parties(database, SHARD, ORGANIZATION, [EVERYTHING, renamed, user(9)])

    assert await found(database, "user1@example.com", "user2@example.com", "desk@example.com", "user3@example.com") == [
        EVERYTHING,
        renamed,
        user(3),
    ]
    assert await find_parties(database, SHARD, OTHER, party_ids=[], names=["user1@example.com"]) == [user(1)]


async def test_whoever_is_meant_twice_is_found_once(database: Connection) -> None:
    await insert(database, *(user(number) for number in range(20)))
    ids = tuple(user(number).party_id for number in (3, 4, 99))
    assert await found(database, "user3@example.com", "user5@example.com", "nobody", party_ids=ids) == [
        user(3),
        user(4),
        user(5),
    ]
    assert await found(database) == []


async def test_very_many_are_written_and_found(database: Connection) -> None:
    people = [user(number) for number in range(12_000)]
    await insert(database, *people)
    await update_parties(database, SHARD, ORGANIZATION, [user(number, department="x") for number in range(12_000)])
    names = [party.user_principal_name for party in people]
    assert await found(database, *names) == [user(number, department="x") for number in range(12_000)]


async def test_a_name_is_one_persons_within_an_organization_whatever_the_program_believes(database: Connection) -> None:
    await insert(database, user(1), user(2))
    await insert(database, user(1), organization_id=OTHER)
    with pytest.raises(asyncpg.UniqueViolationError, match="parties_by_name"):
        await insert(database, user(3, user_principal_name="USER1@example.com"))
    with pytest.raises(asyncpg.UniqueViolationError, match="parties_by_name"):
        await update_parties(database, SHARD, ORGANIZATION, [user(2, user_principal_name="user1@example.com")])
    with pytest.raises(asyncpg.UniqueViolationError, match="parties_pkey"):
        await insert(database, user(1, user_principal_name="other@example.com"))


@pytest.mark.parametrize("name", BY_KEY)
async def test_whoever_is_looked_up_is_found_by_key_also_by_plans_made_while_there_was_nobody(
    database: Connection, name: str
) -> None:
    arguments = ", ".join(["null"] * BY_KEY[name])
    await database.execute("set plan_cache_mode = force_generic_plan")
    await database.execute(f"prepare probed as {load_statement(name)}")
    text = await database.fetchval(f"explain (format json) execute probed({arguments})")
    conditions = [scan.get("Index Cond", scan["Node Type"]) for scan in scans(json.loads(text)[0]["Plan"])]
    by_key = ("party_id = ", "lower(user_principal_name) = ", "number = ", "Tid Scan")
    assert [each for each in conditions if not any(key in each for key in by_key)] == []
