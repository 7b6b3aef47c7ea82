"""Nobody changes the log without being found out, and many writers leave one chain."""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
import pytest
from msgspec import structs

from commcredits.core.access import Role
from commcredits.core.audit import AuditEntry, ChainedEntry, content_digest, first_link, linked
from commcredits.core.outcomes import Done, Refused
from commcredits.operations.audit_checking import AuditProof, verify_audit
from commcredits.operations.audit_export import AuditForm, export_all_audit, export_audit
from commcredits.operations.audit_log import get_audit_head, list_audit_heads
from commcredits.operations.recipients import save_recipient
from commcredits.operations.verify import verify_books
from commcredits.storage.audit import ChainHead, append_entry, chained_entry
from commcredits.storage.connection import open_pool
from commcredits.storage.identifiers import OPERATOR_ID
from tests.operations.acting import actor_of, administrator, owner
from tests.operations.office import SHARD, Office
from tests.operations.test_auditing import take

WRITERS = 8
ENTRIES_OF_EACH = 15

PLANTED = "set session_replication_role = 'replica'"
"""What only a superuser can do: write past the triggers."""


async def _faults(office: Office, since: ChainHead | None = None) -> list[tuple[int, str]]:
    proof = await verify_audit(owner(office.services), since=since)
    assert isinstance(proof, AuditProof), proof
    return [(each.sequence, each.fault.value) for each in proof.faults]


async def _plant(office: Office, *statements: str) -> None:
    async with office.services.pool.acquire() as connection:
        await connection.execute(PLANTED)
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("set session_replication_role = 'origin'")


async def _logged(office: Office, acts: int = 5) -> str:
    """An organization with so many acts, two entries each."""
    organization = (await office.organization()).organization_id
    for place in range(acts):
        await take(administrator(office.services, organization), organization_id=organization, parameters=place)
    return organization


async def test_an_untouched_log_holds(office: Office) -> None:
    await _logged(office)
    await take(owner(office.services), organization_id="no organization")
    proof = await verify_audit(owner(office.services))
    assert proof == AuditProof(chains=2, entries=12, faults=())


@pytest.mark.parametrize(
    "column",
    [
        "actor_id = 'x'", "actor_name = 'x'", "actor_kind = 'key'", "roles = '{}'", "edge = 'x'", "source = 'x'",
        "operation = 'x'", "outcome = 'read'", "subject = 'x'", "code = 'x'", "reason = 'x'", "parameters = '{}'",
        "before = '{}'", "after = '{}'", "at = at + interval '1 microsecond'",
    ],
)  # fmt: skip
async def test_each_word_that_is_changed_is_found(office: Office, column: str) -> None:
    await _logged(office)
    await _plant(office, f"update audit_entries set {column} where sequence = 5")  # noqa: S608 - a column of ours
    assert await _faults(office) == [(5, "changed")]


async def test_an_entry_that_is_changed_with_its_hash_is_found_at_the_next_one(office: Office) -> None:
    organization = await _logged(office)
    row = await office.services.pool.fetchrow("select * from audit_entries where sequence = 5")
    assert row is not None
    forged = structs.replace(chained_entry(row).entry, actor_name="somebody else")
    digest = linked(row["previous"], content_digest(forged)).hex()
    await _plant(
        office,
        f"update audit_entries set actor_name = 'somebody else', hash = '\\x{digest}' where sequence = 5",  # noqa: S608 - a hash of ours in digits
    )
    assert await _faults(office) == [(6, "out_of_order")]
    assert organization


async def test_entries_that_are_taken_out_are_found(office: Office) -> None:
    await _logged(office)
    await _plant(office, "delete from audit_entries where sequence in (3, 4)")
    assert await _faults(office) == [(3, "missing")]


async def test_entries_that_are_taken_out_and_counted_anew_are_found(office: Office) -> None:
    await _logged(office)
    await _plant(
        office,
        "alter table audit_entries drop constraint audit_entries_check",
        "delete from audit_entries where sequence = 3",
        "update audit_entries set sequence = sequence - 1 where sequence > 3",
    )
    assert await _faults(office) == [(3, "out_of_order"), (10, "missing")]


async def test_a_tail_that_is_cut_off_is_found(office: Office) -> None:
    await _logged(office)
    await _plant(office, "delete from audit_entries where sequence > 7")
    assert await _faults(office) == [(8, "missing")]


async def test_a_chain_that_is_gone_is_found(office: Office) -> None:
    await _logged(office)
    await _plant(office, "delete from audit_entries")
    assert await _faults(office) == [(1, "missing")]


async def test_entries_that_are_put_in_between_are_found(office: Office) -> None:
    await _logged(office)
    await _plant(
        office,
        "update audit_entries set sequence = sequence + 100 where sequence > 4",
        "update audit_entries set sequence = sequence - 99 where sequence > 4",
        """
        insert into audit_entries
        select shard_id, organization_id, 5, null, at, actor_kind, actor_id, actor_name, roles, edge, source, operation,
            'read', subject, code, reason, parameters, before, after, hash,
            sha256(hash || '\\x00')
        from audit_entries where sequence = 4
        """,
    )
    assert await _faults(office) == [(5, "changed"), (6, "out_of_order"), (11, "beyond_the_head")]


async def test_entries_that_change_places_are_found(office: Office) -> None:
    await _logged(office)
    await _plant(
        office,
        "update audit_entries set sequence = 100 where sequence = 3",
        "update audit_entries set sequence = 3 where sequence = 5",
        "update audit_entries set sequence = 5 where sequence = 100",
    )
    assert await _faults(office) == [(3, "out_of_order"), (4, "out_of_order"), (5, "out_of_order"), (6, "out_of_order")]


async def test_an_entry_behind_the_last_one_is_found(office: Office) -> None:
    await _logged(office)
    await _plant(office, "update audit_heads set sequence = 8")
    assert await _faults(office) == [(9, "beyond_the_head"), (10, "beyond_the_head")]


async def test_a_head_with_another_hash_is_found(office: Office) -> None:
    await _logged(office)
    await _plant(office, "update audit_heads set hash = previous")
    assert await _faults(office) == [(10, "head")]


async def test_a_chain_that_is_given_to_another_organization_is_found(office: Office) -> None:
    organization = await _logged(office)
    other = (await office.organization("Other")).organization_id
    await _plant(
        office,
        f"update audit_entries set organization_id = '{other}' where organization_id = '{organization}'",  # noqa: S608 - ids of ours
        f"update audit_heads set organization_id = '{other}' where organization_id = '{organization}'",  # noqa: S608 - ids of ours
    )
    assert await _faults(office) == [(1, "out_of_order")]


async def test_a_tail_that_was_rewritten_whole_is_found_by_what_was_kept_elsewhere(office: Office) -> None:
    organization = await _logged(office)
    anchor = await get_audit_head(administrator(office.services, organization), organization_id=organization)
    assert isinstance(anchor, ChainHead)
    await take(administrator(office.services, organization), organization_id=organization)
    assert await _faults(office, since=anchor) == []
    # Whoever owns the database takes the last acts away and writes others, hashes and head and all.
    await _plant(
        office,
        "delete from audit_entries where sequence > 8",
        "update audit_heads h set sequence = 8, previous = e.previous, hash = e.hash from audit_entries e"
        " where e.organization_id = h.organization_id and e.sequence = 8",
    )
    assert await _faults(office, since=anchor) == [(10, "missing")]
    for _act in range(2):
        await take(administrator(office.services, organization), organization_id=organization, parameters="forged")
    assert await _faults(office) == []
    assert await _faults(office, since=anchor) == [(10, "anchor")]


async def test_an_anchor_of_a_chain_that_is_gone_is_found(office: Office) -> None:
    organization = await _logged(office)
    anchor = await get_audit_head(administrator(office.services, organization), organization_id=organization)
    assert isinstance(anchor, ChainHead)
    await _plant(office, "delete from audit_entries", "delete from audit_heads")
    assert await _faults(office) == []
    assert await _faults(office, since=anchor) == [(10, "missing")]


@pytest.mark.parametrize(
    "anchor",
    [
        ChainHead(organization_id="7", sequence=1, hash=bytes(32)),
        ChainHead(organization_id=OPERATOR_ID, sequence=0, hash=bytes(32)),
        ChainHead(organization_id=OPERATOR_ID, sequence=2**63, hash=bytes(32)),
        ChainHead(organization_id=OPERATOR_ID, sequence=1, hash=bytes(31)),
    ],
)
async def test_what_cannot_be_an_anchor_is_refused(office: Office, anchor: ChainHead) -> None:
    assert isinstance(await verify_audit(owner(office.services), since=anchor), Refused)


async def test_the_proof_of_the_books_proves_the_log_as_well(office: Office) -> None:
    organization = await _logged(office)
    assert (await verify_books(office.services)).discrepancies == ()
    await _plant(office, "update audit_entries set reason = 'another' where sequence = 2")
    (found,) = (await verify_books(office.services)).discrepancies
    assert (found.check, found.organization_id, found.subject) == (
        "audit_chains_hold",
        organization,
        "audit entry 2: changed",
    )


@pytest.mark.parametrize("table", ["audit_entries", "audit_heads"])
@pytest.mark.parametrize("change", ["update {} set sequence = 77", "delete from {}", "truncate {}"])
async def test_the_database_refuses_to_change_what_was_written(office: Office, table: str, change: str) -> None:
    await _logged(office)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=table):
        await office.services.pool.execute(change.format(table))


async def _write(url: str, organizations: Sequence[str], name: str) -> None:
    pool = await open_pool(url, min_size=1, max_size=WRITERS, application_name="writer")

    async def write(writer: int) -> None:
        for place in range(ENTRIES_OF_EACH):
            entry = AuditEntry(
                at=datetime.now(UTC), actor_kind="person", actor_id=name, actor_name=str(writer), roles=(), edge="",
                source="", operation="test", answers=None, outcome="read", subject=str(place), code="", reason="",
                parameters="", before="", after="",
            )  # fmt: skip
            await append_entry(pool, SHARD, organizations[(writer + place) % len(organizations)], entry)

    await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    await pool.close()


def _write_in_a_process(url: str, organizations: Sequence[str], name: str) -> None:
    asyncio.run(_write(url, organizations, name))


async def test_many_writers_in_two_processes_leave_one_chain_without_a_gap(office: Office, database_url: str) -> None:
    organizations = [(await office.organization(name)).organization_id for name in ("First", "Second", "Third")]
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_write_in_a_process, args=(database_url, organizations, name)) for name in ("a", "b")
    ]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join, 60)
    assert [process.exitcode for process in processes] == [0, 0]
    proof = await verify_audit(owner(office.services))
    assert proof == AuditProof(chains=3, entries=2 * WRITERS * ENTRIES_OF_EACH, faults=())
    heads = await list_audit_heads(owner(office.services))
    assert isinstance(heads, tuple)
    assert sum(head.sequence for head in heads) == 2 * WRITERS * ENTRIES_OF_EACH


async def test_acts_that_move_money_at_once_neither_wait_for_each_other_nor_lose_an_entry(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10_000_000_000)
    services = administrator(office.services, organization)

    async def act(place: int) -> None:
        saved = await save_recipient(services, organization_id=organization, address=f"desk{place % 3}@example.com")
        assert not isinstance(saved, Refused)
        await office.call(organization, f"call {place}", 10)
        assert await take(services, organization_id=organization) == Done(changed=True)

    await asyncio.wait_for(asyncio.gather(*(act(place) for place in range(20))), 30)
    assert await verify_audit(owner(office.services)) == AuditProof(chains=1, entries=80, faults=())


async def _file(office: Office, form: AuditForm, organization: str | None = None) -> bytes:
    services = owner(office.services)
    pieces = (
        await export_all_audit(services, form=form)
        if organization is None
        else await export_audit(services, organization_id=organization, form=form)
    )
    assert not isinstance(pieces, Refused)
    return b"".join([piece async for piece in pieces])


async def test_lines_of_json_can_be_proved_by_whoever_has_nothing_of_ours(office: Office) -> None:
    organization = await _logged(office)
    previous = hashlib.sha256(f"commcredits audit {organization}".encode()).hexdigest()
    names = [
        "actor_kind", "actor_id", "actor_name", "roles", "edge", "source", "operation", "answers", "outcome",
        "subject", "code", "reason",
    ]  # fmt: skip

    def compact(value: object) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    lines = (await _file(office, AuditForm.JSON_LINES, organization)).decode().splitlines()
    assert len(lines) == 10
    for line in lines:
        entry = json.loads(line)
        micros = round(datetime.fromisoformat(entry["at"]).timestamp() * 1_000_000)
        texts = ["" if entry[name] is None else compact(entry[name]) for name in ("parameters", "before", "after")]
        content = compact([micros, *(entry[name] for name in names), *texts]).encode()
        assert entry["previous"] == previous
        previous = hashlib.sha256(bytes.fromhex(previous) + hashlib.sha256(content).digest()).hexdigest()
        assert entry["hash"] == previous


@pytest.mark.parametrize("hostile", ["=1+1", "+40722000001", "-2", "@SUM(A1)", "|calc", "%0A"])
async def test_no_cell_of_the_file_is_a_formula(office: Office, hostile: str) -> None:
    organization = (await office.organization()).organization_id
    services = office.services.acting_as(
        actor_of(Role.GLOBAL_ADMINISTRATOR, organization_id=organization, name=hostile)
    )
    await take(services, organization_id=organization, reason=hostile)
    text = (await _file(office, AuditForm.CSV, organization)).decode()
    assert f",{hostile}," not in text
    assert f",'{hostile}," in text


async def test_the_file_of_all_logs_has_each_entry_and_says_that_it_was_taken(office: Office) -> None:
    await _logged(office, acts=120)
    await take(owner(office.services), organization_id="none")
    lines = (await _file(office, AuditForm.CSV)).decode().split("\r\n")
    # The heading, the acts, the entry of the export itself, and the end of the last line.
    assert len(lines) == 1 + 240 + 2 + 1
    assert lines[1].startswith(OPERATOR_ID)


def test_an_entry_at_its_place_knows_whether_it_is_itself() -> None:
    entry = AuditEntry(
        at=datetime(2026, 11, 22, tzinfo=UTC), actor_kind="person", actor_id="a", actor_name="a", roles=(), edge="",
        source="", operation="test", answers=None, outcome="read", subject="", code="", reason="", parameters="",
        before="", after="",
    )  # fmt: skip
    previous = first_link(OPERATOR_ID)
    right = linked(previous, content_digest(entry))
    for kept, is_itself in ((right, True), (bytes(32), False)):
        chained = ChainedEntry(organization_id=OPERATOR_ID, sequence=1, entry=entry, previous=previous, hash=kept)
        assert chained.is_itself is is_itself
