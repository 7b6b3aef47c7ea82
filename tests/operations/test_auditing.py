"""What of an act is written down, when, and what is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from commcredits.core.access import ActorKind, Permission, Role
from commcredits.core.audit import AuditOutcome
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.audit_log import AuditedAct, AuditQuery, list_all_audit, list_audit
from commcredits.operations.audit_values import DOCUMENT_BYTES_MAX, written
from commcredits.operations.organizations import get_organization, open_organization
from commcredits.operations.paging import Page
from commcredits.operations.permitting import acts, reads
from commcredits.operations.recipients import remove_recipient, save_recipient
from commcredits.operations.services import Services
from tests.operations.acting import actor_of, administrator, owner
from tests.operations.office import Office, new_id


async def log_of(services: Services, organization_id: str, **query: Any) -> tuple[AuditedAct, ...]:
    """An organization's log, latest first."""
    page = await list_audit(
        owner(services), organization_id=organization_id, query=AuditQuery(**query), cursor=None, limit=200
    )
    assert isinstance(page, Page), page
    return page.items


async def operators_log(services: Services, **query: Any) -> tuple[AuditedAct, ...]:
    """Every log, latest first."""
    page = await list_all_audit(owner(services), query=AuditQuery(**query), cursor=None, limit=200)
    assert isinstance(page, Page), page
    return page.items


async def _entries(office: Office) -> list[asyncpg.Record]:
    return list(await office.services.pool.fetch("select * from audit_entries order by organization_id, sequence"))


@acts(Permission.FUNDS_WRITE)
async def stop_halfway(services: Services, *, organization_id: str, reason: str = "") -> Done:
    """An act that is cut off once it has begun."""
    del services, organization_id, reason
    raise asyncio.CancelledError


@acts(Permission.FUNDS_WRITE)
async def break_down(services: Services, *, organization_id: str) -> Done:
    """An act with a fault of ours."""
    del services, organization_id
    raise RuntimeError("a secret detail")


@acts(Permission.FUNDS_WRITE)
async def take(services: Services, /, *, organization_id: str, parameters: Any = None, **others: Any) -> Done:
    """An act that takes anything."""
    del services, organization_id, parameters, others
    return Done(changed=True)


@reads(Permission.CALL_RECORDS_READ, audited=True)
async def take_away(services: Services, *, organization_id: str, month: str) -> str | Refused:
    """A look that is worth an entry."""
    del services, organization_id
    return month or Refused(code=RefusalCode.INVALID_INPUT)


async def test_an_act_says_who_did_what_from_where_and_what_became_of_it(office: Office) -> None:
    organization = (await office.organization()).organization_id
    services = administrator(office.services, organization)
    await save_recipient(services, organization_id=organization, address="front.desk@example.com")
    (act,) = await log_of(office.services, organization)
    assert (act.actor_kind, act.actor_id, act.actor_name) == (
        "person",
        "person:global_administrator",
        "global administrator",
    )
    assert (act.roles, act.edge, act.source) == (("global_administrator",), "portal", "192.0.2.7")
    assert (act.operation, act.outcome, act.organization_id) == ("save_recipient", AuditOutcome.DONE, organization)
    assert act.parameters == {"address": "front.desk@example.com", "kinds": [], "language": ""}
    assert (act.at, act.answered_at, act.sequence, act.answer_sequence) == (office.clock.now, office.clock.now, 1, 2)


async def test_a_refused_act_stands_in_the_log_with_the_reason(office: Office) -> None:
    organization = (await office.organization()).organization_id
    await save_recipient(
        administrator(office.services, organization), organization_id=organization, address="nobody at all"
    )
    (act,) = await log_of(office.services, organization)
    assert (act.outcome, act.code) == (AuditOutcome.REFUSED, "invalid_input")


async def test_an_act_that_breaks_down_is_written_down_without_what_the_error_says(office: Office) -> None:
    organization = (await office.organization()).organization_id
    with pytest.raises(RuntimeError):
        await break_down(administrator(office.services, organization), organization_id=organization)
    (act,) = await log_of(office.services, organization)
    assert (act.outcome, act.code) == (AuditOutcome.FAILED, "RuntimeError")


async def test_an_act_that_is_cut_off_leaves_what_was_wanted_without_an_answer(office: Office) -> None:
    organization = (await office.organization()).organization_id
    with pytest.raises(asyncio.CancelledError):
        await stop_halfway(
            administrator(office.services, organization), organization_id=organization, reason="month end"
        )
    (act,) = await log_of(office.services, organization)
    assert (act.outcome, act.answered_at, act.answer_sequence, act.reason) == (
        AuditOutcome.ASKED,
        None,
        None,
        "month end",
    )


async def test_nothing_is_done_that_cannot_be_written_down(office: Office) -> None:
    organization = (await office.organization()).organization_id
    await office.services.pool.execute("alter table audit_entries rename to audit_entries_elsewhere")
    with pytest.raises(asyncpg.UndefinedTableError):
        await save_recipient(
            administrator(office.services, organization), organization_id=organization, address="a@example.com"
        )
    assert await office.services.pool.fetchval("select count(*) from notice_recipients") == 0


async def test_an_act_whose_answer_cannot_be_written_is_done_and_says_so(office: Office) -> None:
    organization = (await office.organization()).organization_id
    await office.services.pool.execute(
        "alter table audit_entries add constraint no_answers check (answers is null) not valid"
    )
    done = await take(administrator(office.services, organization), organization_id=organization)
    assert done == Done(changed=True)
    (act,) = await log_of(office.services, organization)
    assert act.outcome is AuditOutcome.ASKED


async def test_what_is_not_permitted_is_written_into_the_log_of_whoever_asked(office: Office) -> None:
    own = (await office.organization("Own")).organization_id
    other = (await office.organization("Other")).organization_id
    reader = office.services.acting_as(actor_of(Role.REPORTS_READER, organization_id=own))
    for organization in (own, other):
        await save_recipient(reader, organization_id=organization, address="a@example.com")
    foreign, denied = await log_of(office.services, own)
    assert (denied.outcome, denied.code, denied.subject) == (AuditOutcome.DENIED, "not_permitted", "a@example.com")
    assert (foreign.outcome, foreign.code, foreign.subject) == (AuditOutcome.DENIED, "unknown_organization", other)
    assert await log_of(office.services, other) == ()


async def test_whoever_has_not_proved_lately_who_they_are_is_denied(office: Office) -> None:
    organization = (await office.organization()).organization_id

    @acts(Permission.FUNDS_WRITE, needs_proof=True)
    async def pay(services: Services, *, organization_id: str) -> Done:
        del services, organization_id
        return Done(changed=True)

    refused = await pay(administrator(office.services, organization, proved_at=None), organization_id=organization)
    assert isinstance(refused, Refused)
    (act,) = await log_of(office.services, organization)
    assert (act.outcome, act.code) == (AuditOutcome.DENIED, "proof_required")


async def test_the_products_own_acts_and_what_nobody_asks_leave_no_entry(office: Office) -> None:
    organization = (await office.organization()).organization_id
    await save_recipient(office.services, organization_id=organization, address="a@example.com")
    nobody = office.services.acting_as(actor_of(kind=ActorKind.NOBODY))
    await save_recipient(nobody, organization_id=organization, address="a@example.com")
    await get_organization(administrator(office.services, organization), organization_id=organization)
    assert await _entries(office) == []


async def test_a_look_at_what_is_worth_it_stands_in_the_log_before_anything_is_given_out(office: Office) -> None:
    organization = (await office.organization()).organization_id
    services = administrator(office.services, organization)
    await take_away(services, organization_id=organization, month="")
    assert await take_away(services, organization_id=organization, month="2026-10") == "2026-10"
    (act,) = await log_of(office.services, organization)
    assert (act.operation, act.outcome, act.parameters) == ("take_away", AuditOutcome.READ, {"month": "2026-10"})


async def test_an_act_made_of_acts_is_one_entry(office: Office) -> None:
    organization = (await office.organization()).organization_id

    @acts(Permission.NOTICES_WRITE)
    async def save_and_remove(services: Services, *, organization_id: str) -> Done | Refused:
        await save_recipient(services, organization_id=organization_id, address="a@example.com")
        return await remove_recipient(services, organization_id=organization_id, recipient_id=new_id())

    await save_and_remove(administrator(office.services, organization), organization_id=organization)
    assert [act.operation for act in await log_of(office.services, organization)] == ["save_and_remove"]


async def test_acts_on_no_organization_and_on_one_that_does_not_exist_are_the_operators(office: Office) -> None:
    services = owner(office.services)
    opened = await open_organization(
        services,
        command_id="opening",
        name="Exemplu SRL",
        country="RO",
        currency="EUR",
        time_zone="Europe/Bucharest",
        language="ro",
    )
    assert not isinstance(opened, Refused)
    for missing in (new_id(), "no id at all", "00000000-0000-0000-0000-000000000000"):
        await save_recipient(services, organization_id=missing, address="a@example.com")
    logged = await operators_log(office.services)
    assert {act.organization_id for act in logged} == {None}
    assert (logged[-1].subject, logged[-1].made) == ("Exemplu SRL", opened.organization_id)
    assert [act.outcome.value for act in logged] == ["refused"] * 3 + ["done"]


async def test_no_secret_is_ever_written_down(office: Office) -> None:
    organization = (await office.organization()).organization_id
    await take(
        administrator(office.services, organization),
        organization_id=organization,
        parameters={"password": "hunter2-a", "nested": {"new_secret": "hunter2-b", "totp_code": "hunter2-c"}},
        token="hunter2-d",
        code="hunter2-e",
        given=SecretStr("hunter2-f"),
        file=b"hunter2-g",
        lines=iter(["hunter2-h"]),
    )
    for entry in await _entries(office):
        assert "hunter2" not in json.dumps({name: str(value) for name, value in entry.items()})
    (act,) = await log_of(office.services, organization)
    others = act.parameters["others"]
    assert (others["token"], others["code"], others["given"]) == ("(withheld)",) * 3
    assert (others["file"], others["lines"]) == ("(9 bytes)", "(stream)")


async def test_a_stream_is_neither_read_nor_written_down(office: Office) -> None:
    organization = (await office.organization()).organization_id
    taken = []

    async def lines() -> AsyncIterator[bytes]:
        taken.append("a piece")
        yield b"number\n"

    await take(administrator(office.services, organization), organization_id=organization, parameters=lines())
    (act,) = await log_of(office.services, organization)
    assert (act.parameters["parameters"], taken) == ("(stream)", [])


@pytest.mark.parametrize(
    "values",
    [
        {"text": "x" * 1_000_000},
        {"many": list(range(1_000_000))},
        {f"name {place}": "y" * 300 for place in range(10_000)},
        {"deep": {"a": {"b": {"c": {"d": {"e": {"f": "g"}}}}}}},
        {"huge": 10**4_000},
        {"texts": ["\u0219" * 300] * 200},
    ],
    ids=["a long text", "a long list", "many names", "deep records", "a huge number", "a list of long texts"],
)
async def test_however_much_is_given_an_entry_stays_small(office: Office, values: Mapping[str, object]) -> None:
    assert len(written(values).encode()) <= DOCUMENT_BYTES_MAX
    organization = (await office.organization()).organization_id
    await take(administrator(office.services, organization), organization_id=organization, parameters=values)
    assert [act.outcome for act in await log_of(office.services, organization)] == [AuditOutcome.DONE]


@pytest.mark.parametrize(
    "hostile", ["\x00", "\x1b[2J\x1b]0;owned\x07", "a\nb\r\nc", "\u202eexe.txt", "\ud800", "\u2028", "\x9b31m"]
)
async def test_hostile_text_is_written_down_without_what_it_does(office: Office, hostile: str) -> None:
    organization = (await office.organization()).organization_id
    services = administrator(office.services, organization, name=f"Ana{hostile}", source=hostile)
    await take(services, organization_id=organization, reason=hostile, parameters={hostile: hostile})
    (act,) = await log_of(office.services, organization)
    kept = "".join([act.actor_name, act.source, act.reason, json.dumps(act.parameters, ensure_ascii=False)])
    assert not set(hostile) & set("\x00\x1b\x07\n\r\u202e\ud800\u2028\x9b") & set(kept)
    assert "\ufffd" in act.actor_name


async def test_the_log_is_looked_through_by_time_actor_operation_and_subject(office: Office) -> None:
    organization = (await office.organization()).organization_id
    began = office.clock.now
    services = office.services
    for place, role in enumerate((Role.GLOBAL_ADMINISTRATOR, Role.BILLING_ADMINISTRATOR, Role.GLOBAL_ADMINISTRATOR)):
        office.clock.advance(minutes=1)
        services = office.services.acting_as(actor_of(role, organization_id=organization))
        await save_recipient(services, organization_id=organization, address=f"desk{place}@example.com")
    await remove_recipient(services, organization_id=organization, recipient_id=(unknown := new_id()))

    async def found(**query: Any) -> list[int]:
        return [act.sequence for act in await log_of(office.services, organization, **query)]

    assert await found() == [7, 5, 3, 1]
    assert await found(actor="person:billing_administrator") == await found(actor="billing administrator") == [3]
    assert await found(operation="remove_recipient") == await found(subject=unknown) == [7]
    assert await found(subject="desk1@example.com") == [3]
    assert await found(begins=office.clock.now) == [7, 5]
    assert await found(ends=office.clock.now, begins=began) == [3, 1]
    assert await found(actor="billing") == []


async def test_the_log_is_read_page_by_page_while_it_grows(office: Office) -> None:
    organization = (await office.organization()).organization_id
    services = administrator(office.services, organization)
    for _place in range(5):
        await take(services, organization_id=organization)

    async def of_one(cursor: str | None) -> Page[AuditedAct] | Refused:
        return await list_audit(services, organization_id=organization, query=AuditQuery(), cursor=cursor, limit=2)

    async def of_all(cursor: str | None) -> Page[AuditedAct] | Refused:
        return await list_all_audit(owner(office.services), query=AuditQuery(), cursor=cursor, limit=2)

    for listing in (of_one, of_all):
        seen: list[int] = []
        cursor: str | None = None
        while True:
            page = await listing(cursor)
            assert isinstance(page, Page), page
            seen += [act.sequence for act in page.items]
            await take(services, organization_id=organization)
            if page.next_cursor is None:
                break
            cursor = page.next_cursor
        assert seen == sorted(set(seen), reverse=True)
        assert seen[-1] == 1
    assert isinstance(await of_all("WyJhdWRpdCIsIjEiXQ"), Refused)


async def test_nobody_reads_anothers_log(office: Office) -> None:
    own = (await office.organization("Own")).organization_id
    other = (await office.organization("Other")).organization_id
    services = administrator(office.services, own)
    query = AuditQuery()
    foreign = await list_audit(services, organization_id=other, query=query, cursor=None, limit=5)
    all_of_it = await list_all_audit(services, query=query, cursor=None, limit=5)
    reader = office.services.acting_as(actor_of(Role.REPORTS_READER, organization_id=own))
    not_theirs = await list_audit(reader, organization_id=own, query=query, cursor=None, limit=5)
    assert [each.code.value for each in (foreign, all_of_it, not_theirs) if isinstance(each, Refused)] == [
        "unknown_organization",
        "not_permitted",
        "not_permitted",
    ]
