"""Keys of programs: what they may do, for how long, and that nobody can read one again."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from commcredits.core.access import ROLE_PERMISSIONS, Actor, ActorKind, Permission, Role
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.api_keys import (
    ApiKey,
    KeyState,
    NewApiKey,
    create_api_key,
    list_api_keys,
    revoke_api_key,
    rotate_api_key,
)
from commcredits.operations.charging_keys import ChargingKeys
from commcredits.operations.key_holders import BELIEVED_SECONDS, KNOWN_MAX, KeyHolders
from commcredits.operations.key_secrets import new_key, read_client, read_key
from commcredits.operations.key_tokens import TOKENS_MAX, IssuedToken, issue_token
from commcredits.operations.paging import Page
from commcredits.operations.services import Services
from tests.operations.office import NOON, SHARD, Office, soon

READER = ("call_records.read",)


def _administrator(office: Office, organization_id: str, role: Role, *, proved: datetime | None = NOON) -> Services:
    """Services of a person with this role."""
    actor = Actor(
        kind=ActorKind.PERSON,
        actor_id="administrator:ana",
        name="Ana",
        permissions=ROLE_PERMISSIONS[role],
        organization_id=organization_id,
        proved_at=proved,
    )
    return office.services.acting_as(actor)


async def _key(services: Services, organization_id: str, **fields: Any) -> NewApiKey:
    content = {"name": "Dashboard", "scopes": READER, **fields}
    made = await create_api_key(services, organization_id=organization_id, **content)
    assert isinstance(made, NewApiKey), made
    return made


async def _listed(services: Services, organization_id: str) -> dict[str, ApiKey]:
    page = await list_api_keys(services, organization_id=organization_id)
    assert isinstance(page, Page), page
    return {each.key_id: each for each in page.items}


async def _found(holders: KeyHolders, secret: str) -> bool:
    shown = read_key(secret)
    assert shown is not None
    return await holders.of_key(shown) is not None


async def _dump(pool: asyncpg.Pool[asyncpg.Record]) -> str:
    """Every row of every table as text."""
    tables = await pool.fetch(
        "select table_name from information_schema.tables where table_schema = 'public' order by table_name"
    )
    return "\n".join(
        [str(await pool.fetchval(f'select string_agg(t::text, chr(10)) from "{name}" t')) for (name,) in tables]  # noqa: S608 - the names are the catalogue's own
    )


async def test_a_key_is_told_once_and_only_its_hash_is_kept(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization)
    shown = read_key(made.secret)
    assert shown is not None
    holder = await KeyHolders(office.services).of_key(shown)
    assert holder is not None
    issued = await issue_token(office.services, holder)
    assert isinstance(issued, IssuedToken)
    dump = await _dump(office.services.pool)
    assert shown.prefix in dump
    assert shown.secret not in dump
    assert shown.secret.encode().hex() not in dump
    assert shown.secret_hash.hex() in dump
    assert issued.token.removeprefix("cct_") not in dump
    for text in (repr(made), repr(shown), repr(issued), repr(holder)):
        assert shown.secret not in text
        assert issued.token not in text
    assert made.key.expires_at == NOON + timedelta(days=365)


async def test_a_key_gets_what_its_maker_may_do_and_no_more(office: Office) -> None:
    organization = (await office.organization()).organization_id
    globally = _administrator(office, organization, Role.GLOBAL_ADMINISTRATOR)
    assert (await _key(globally, organization, scopes=("users.read", "funds.read"))).key.scopes == (
        "funds.read",
        "users.read",
    )
    for scopes in (
        ("charging",),
        ("operator.read",),
        ("operator.funds", "users.read"),
        (),
        ("users.read",) * 2,
        ("x",),
    ):
        refused = await create_api_key(globally, organization_id=organization, name="Key", scopes=scopes)
        assert isinstance(refused, Refused), scopes
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "scopes")
    owner = await create_api_key(office.services, organization_id=organization, name="X", scopes=("operator.read",))
    assert isinstance(owner, Refused)
    billing = _administrator(office, organization, Role.BILLING_ADMINISTRATOR)
    refused = await create_api_key(billing, organization_id=organization, name="Key", scopes=READER)
    assert refused == Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": "api_keys.write"})
    assert len(await _listed(office.services, organization)) == 1


async def test_creating_and_rotating_ask_a_person_for_a_fresh_proof(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization)
    stale = _administrator(office, organization, Role.GLOBAL_ADMINISTRATOR, proved=NOON - timedelta(hours=1))
    created = await create_api_key(stale, organization_id=organization, name="Key", scopes=READER)
    rotated = await rotate_api_key(stale, organization_id=organization, key_id=made.key.key_id)
    assert created == rotated == Refused(code=RefusalCode.PROOF_REQUIRED)
    assert await revoke_api_key(stale, organization_id=organization, key_id=made.key.key_id) == Done(changed=True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a" * 101),
        ("name", "two\nlines"),
        ("note", "a" * 501),
        ("expires_at", NOON),
        ("expires_at", NOON + timedelta(days=731)),
    ],
)
async def test_a_key_has_a_name_and_an_end_within_bounds(office: Office, field: str, value: Any) -> None:
    organization = (await office.organization()).organization_id
    content: dict[str, Any] = {"name": "Key", "scopes": READER, field: value}
    refused = await create_api_key(office.services, organization_id=organization, **content)
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == field


async def test_a_revoked_key_opens_nothing_within_two_seconds_and_takes_its_tokens_along(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization)
    here, elsewhere = KeyHolders(office.services), KeyHolders(office.services)
    assert await _found(here, made.secret)
    assert await _found(elsewhere, made.secret)
    shown = read_key(made.secret)
    holder = None if shown is None else await here.of_key(shown)
    assert holder is not None
    issued = await issue_token(office.services, holder)
    assert issued is not None
    assert await elsewhere.of_token(issued.token) is not None
    done = await revoke_api_key(office.services, organization_id=organization, key_id=made.key.key_id)
    again = await revoke_api_key(office.services, organization_id=organization, key_id=made.key.key_id)
    assert (done, again) == (Done(changed=True), Done(changed=False))
    assert BELIEVED_SECONDS < 2
    await asyncio.sleep(BELIEVED_SECONDS + 0.05)
    assert not await _found(here, made.secret)
    assert not await _found(elsewhere, made.secret)
    assert await elsewhere.of_token(issued.token) is None
    assert await issue_token(office.services, holder) is None
    listed = (await _listed(office.services, organization))[made.key.key_id]
    assert (listed.state, listed.revoked_at, listed.revoked_by) == (KeyState.REVOKED, NOON, "system")


async def test_a_key_ends_at_its_very_instant_also_where_it_is_known(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization, expires_at=NOON + timedelta(minutes=5))
    holders = KeyHolders(office.services)
    shown = read_key(made.secret)
    holder = None if shown is None else await holders.of_key(shown)
    assert holder is not None
    issued = await issue_token(office.services, holder)
    assert issued is not None
    assert issued.seconds == 300
    office.clock.advance(seconds=299, microseconds=999_999)
    assert await _found(holders, made.secret)
    office.clock.advance(microseconds=1)
    assert not await _found(holders, made.secret)
    assert await holders.of_token(issued.token) is None
    assert (await _listed(office.services, organization))[made.key.key_id].state is KeyState.EXPIRED
    rotated = await rotate_api_key(office.services, organization_id=organization, key_id=made.key.key_id)
    assert isinstance(rotated, Refused)
    assert rotated.code is RefusalCode.UNKNOWN_API_KEY


async def test_a_rotated_key_lasts_beside_the_new_one_for_the_hours_that_were_said(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization, note="Ask finance")
    office.clock.advance(days=10)
    rotated = await rotate_api_key(
        office.services, organization_id=organization, key_id=made.key.key_id, overlap_hours=1
    )
    assert isinstance(rotated, NewApiKey)
    new = rotated.key
    assert (new.name, new.scopes, new.note) == ("Dashboard", READER, "Ask finance")
    assert new.expires_at == NOON + timedelta(days=375)
    holders = KeyHolders(office.services)
    assert await _found(holders, made.secret)
    assert await _found(holders, rotated.secret)
    office.clock.advance(hours=1)
    assert not await _found(holders, made.secret)
    assert await _found(holders, rotated.secret)


async def test_another_organizations_key_is_as_unknown_as_none(office: Office) -> None:
    ours = (await office.organization()).organization_id
    theirs = (await office.organization()).organization_id
    made = await _key(office.services, theirs)
    for operation in (revoke_api_key, rotate_api_key):
        refused = await operation(office.services, organization_id=ours, key_id=made.key.key_id)
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.UNKNOWN_API_KEY
    assert await _listed(office.services, ours) == {}


async def test_a_wrong_secret_is_nobodys_also_right_after_the_right_one(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization)
    holders = KeyHolders(office.services)
    other = new_key(secrets.randbits)
    prefix = made.key.prefix.removeprefix("cck_")
    for _ in range(2):
        assert await _found(holders, made.secret)
        assert await holders.of_key(replace(other, prefix=prefix)) is None
    assert await holders.of_key(other) is None
    for wrong in (made.secret[:-1], made.secret + "A", made.secret.upper(), "", "cck_", f" {made.secret}"):
        assert read_key(wrong) is None
    assert read_client(made.key.prefix, made.secret) == read_client(prefix, made.secret[-43:]) == read_key(made.secret)


async def test_an_address_that_may_not_search_finds_only_what_was_right_here_before(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization)
    shown = read_key(made.secret)
    assert shown is not None
    holders = KeyHolders(office.services)
    assert await holders.of_key(shown, may_search=False) is None
    assert await holders.of_key(shown) is not None
    assert await holders.of_key(shown, may_search=False) is not None
    assert await KeyHolders(office.services).of_token("cct_" + shown.secret, may_search=False) is None


async def test_what_is_kept_in_mind_is_bounded(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization)
    holders = KeyHolders(office.services)
    shown = read_key(made.secret)
    holder = None if shown is None else await holders.of_key(shown)
    assert holder is not None
    tokens = [await issue_token(office.services, holder) for _ in range(TOKENS_MAX + 20)]
    assert all(tokens)
    stored = await office.services.pool.fetchval("select count(*) from api_key_tokens")
    assert stored == TOKENS_MAX
    for _ in range(50):
        await holders.of_key(new_key(secrets.randbits))
    assert len(holders) == 1 < KNOWN_MAX


async def test_a_token_may_do_a_part_of_what_its_key_may_and_never_more(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization, scopes=("call_records.read", "reports.read"))
    holders = KeyHolders(office.services)
    shown = read_key(made.secret)
    holder = None if shown is None else await holders.of_key(shown)
    assert holder is not None
    assert await issue_token(office.services, holder, ("funds.read",)) is None
    assert await issue_token(office.services, holder, ("reports.read", "funds.read")) is None
    assert await issue_token(office.services, holder, ()) is None
    issued = await issue_token(office.services, holder, ("reports.read",))
    assert issued is not None
    found = await holders.of_token(issued.token)
    assert found is not None
    actor = found.actor(edge="api", source="")
    assert actor.permissions == frozenset({Permission.REPORTS_READ})
    assert actor.refusal(Permission.REPORTS_READ, "018f3c5e-8a70-7000-8000-000000000001") == Refused(
        code=RefusalCode.UNKNOWN_ORGANIZATION
    )
    office.clock.advance(seconds=600)
    assert await holders.of_token(issued.token) is None


async def test_use_is_written_down_at_most_once_a_minute(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization)
    holders = KeyHolders(office.services)
    shown = read_key(made.secret)
    assert shown is not None
    seen = []
    for seconds in (0, 1, 58, 1):
        office.clock.advance(seconds=seconds)
        holder = await holders.of_key(shown)
        assert holder is not None
        await holders.note_use(holder)
        seen.append((await _listed(office.services, organization))[made.key.key_id].last_used_at)
    assert seen == [NOON, NOON, NOON, NOON + timedelta(seconds=60)]


async def test_an_organization_has_so_many_keys_in_use_and_as_many_as_it_likes_that_are_over(office: Office) -> None:
    organization = (await office.organization()).organization_id
    made = await _key(office.services, organization)
    await office.services.pool.execute(
        "insert into api_keys select shard_id, organization_id, gen_random_uuid(), "
        "translate(substr(md5(n::text), 1, 8), '0189', 'wxyz'), "
        "secret_hash, name, note, scopes, sandbox_id, 0, created_at, created_by, created_by_name, expires_at "
        "from api_keys, generate_series(1, 99) n"
    )
    refused = await create_api_key(office.services, organization_id=organization, name="Key", scopes=READER)
    assert isinstance(refused, Refused)
    assert "at most 100" in str(refused.facts["allowed"])
    await revoke_api_key(office.services, organization_id=organization, key_id=made.key.key_id)
    assert isinstance(await _key(office.services, organization), NewApiKey)


async def test_switches_keys_are_followed_as_they_come_and_go(office: Office) -> None:
    organization = (await office.organization()).organization_id
    pool, keys = office.services.pool, ChargingKeys()
    reading = await _key(office.services, organization)
    first = await _key(office.services, organization, scopes=("charging",))
    assert await keys.load(pool, SHARD) == 1
    known = keys.find(first.secret)
    assert known is not None
    assert (known.organization_id, keys.find(reading.secret)) == (organization, None)
    following = asyncio.create_task(keys.follow(pool, SHARD, 0.01))
    try:
        second = await _key(office.services, organization, scopes=("charging", "funds.read"))
        await soon(lambda: keys.find(second.secret) is not None)
        assert keys.find(first.secret) is known
        known.is_used = True
        await revoke_api_key(office.services, organization_id=organization, key_id=second.key.key_id)
        rotated = await rotate_api_key(
            office.services, organization_id=organization, key_id=first.key.key_id, overlap_hours=2
        )
        assert isinstance(rotated, NewApiKey)
        await soon(lambda: keys.find(second.secret) is None and keys.find(rotated.secret) is not None)
        assert known.ends_at == NOON + timedelta(hours=2)
        async with asyncio.timeout(30):
            listed = await _listed(office.services, organization)
            while listed[first.key.key_id].last_used_at is None:
                listed = await _listed(office.services, organization)
    finally:
        following.cancel()
    revoked = keys.find(rotated.secret)
    assert revoked is not None
    await revoke_api_key(office.services, organization_id=organization, key_id=rotated.key.key_id)
    await keys.load(pool, SHARD)
    assert revoked.ends_at < NOON
    assert len(keys) == 1
