"""A block says why, stops what it must and nothing else, is told to the operator once, and is lifted in one step."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from commcredits.core.commands import Service
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.core.roster import BlockedKind, BlockReason, Licence, Limits
from commcredits.operations.blocks import BlockRecord, announce_blocks, lift_block, list_blocks, set_block
from commcredits.operations.paging import Page, write_cursor
from tests.operations.colleagues import add, roster_of, versions
from tests.operations.office import NOON, Office, new_id
from tests.operations.policed import BRITISH, ROMANIAN, Firm, code, open_firm

UNIT = 1_000_000


async def listed(firm: Firm, *, in_force: bool = False) -> tuple[BlockRecord, ...]:
    """All blocks of a firm, or those in force."""
    page = await list_blocks(
        firm.office.services, organization_id=firm.organization_id, in_force=in_force, cursor=None, limit=200
    )
    assert isinstance(page, Page), page
    return page.items


async def block(firm: Firm, subject: str, kind: str = "user", command_id: str = "") -> BlockRecord | Refused:
    return await set_block(
        firm.office.services,
        organization_id=firm.organization_id,
        command_id=command_id or new_id(),
        kind=kind,
        subject=subject,
    )


async def blocked(firm: Firm, subject: str, kind: str = "user") -> BlockRecord:
    record = await block(firm, subject, kind)
    assert isinstance(record, BlockRecord), record
    return record


async def lift(firm: Firm, block_id: str, command_id: str = "", lifted_by: str = "operator") -> BlockRecord | Refused:
    return await lift_block(
        firm.office.services,
        organization_id=firm.organization_id,
        command_id=command_id or new_id(),
        block_id=block_id,
        lifted_by=lifted_by,
    )


async def test_spending_too_fast_blocks_the_user_until_one_step_lifts_it_and_calls_go_on(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1", Licence.COMMUNICATIONS_CREDITS, Licence.DOMESTIC_120, display_name="Sales 1")
    other = await firm.hire("sales.2")
    await firm.rule(Limits(user_hourly_max_micros=3 * UNIT))
    assert await firm.call("first", 200, sales) == 2 * UNIT
    assert isinstance(await firm.ask("second", sales), Granted)
    assert code(await firm.ask("third", sales)) is RefusalCode.BLOCKED
    assert code(await firm.ask("other", other, slice_seconds=60)) is None
    assert code(await firm.ask("home", sales, callee=ROMANIAN)) is None
    assert code(await firm.ask("emergency", sales, service=Service.EMERGENCY, callee="112")) is None

    (found,) = await listed(firm, in_force=True)
    assert found == BlockRecord(
        block_id=found.block_id,
        kind=BlockedKind.USER,
        subject=sales.party.party_id,
        display_name="Sales 1",
        user_principal_name="sales.1@example.com",
        reason=BlockReason.SPEND_VELOCITY,
        limit_micros=3 * UNIT,
        spent_micros=found.spent_micros,
        currency="EUR",
        blocked_at=NOON,
        lifted_at=None,
        lifted_by="",
    )
    office.clock.advance(minutes=5)
    lifted = await lift(firm, found.block_id)
    assert isinstance(lifted, BlockRecord)
    assert (lifted.lifted_at, lifted.lifted_by) == (office.clock.now, "operator")
    assert await listed(firm, in_force=True) == ()
    assert await listed(firm) == (lifted,)
    assert code(await firm.ask("fourth", sales, slice_seconds=60)) is None


async def test_what_is_unusual_for_a_destination_blocks_it_for_the_whole_organization(office: Office) -> None:
    firm = await open_firm(office)
    sales, support = await firm.hire("sales.1"), await firm.hire("support.1")
    await firm.rule(Limits(destination_daily_max_micros=2 * UNIT))
    granted = await firm.ask("first", sales)
    assert isinstance(granted, Granted)
    assert (granted.granted_seconds, granted.final) == (200, True)
    assert code(await firm.ask("second", support)) is RefusalCode.BLOCKED
    assert code(await firm.ask("elsewhere", support, callee="+4930123456")) is None
    (found,) = await listed(firm, in_force=True)
    assert (found.kind, found.subject, found.reason) == (
        BlockedKind.DESTINATION,
        "GB",
        BlockReason.DESTINATION_ANOMALY,
    )
    assert isinstance(await lift(firm, found.block_id), BlockRecord)
    assert code(await firm.ask("third", support, slice_seconds=60)) is None


async def test_a_user_is_blocked_by_hand_by_either_name_and_only_that_user(office: Office) -> None:
    firm = await open_firm(office)
    sales, support = await firm.hire("sales.1"), await firm.hire("support.1")
    by_id = await blocked(firm, sales.party.party_id)
    assert (by_id.subject, by_id.reason) == (sales.party.party_id, BlockReason.BY_ADMINISTRATOR)
    assert (by_id.limit_micros, by_id.spent_micros) == (None, None)
    assert code(await firm.ask("sales", sales)) is RefusalCode.BLOCKED
    assert code(await firm.ask("support", support)) is None
    assert (await blocked(firm, "SUPPORT.1@example.com")).subject == support.party.party_id
    assert code(await firm.ask("support again", support)) is RefusalCode.BLOCKED


async def test_a_resource_account_and_a_country_can_be_blocked_by_hand(office: Office) -> None:
    firm = await open_firm(office)
    queue = await firm.queue("helpdesk")
    await blocked(firm, "helpdesk@example.com")
    assert code(await firm.ask("queue", queue)) is RefusalCode.BLOCKED
    await blocked(firm, "DE", "destination")
    await blocked(firm, "ZZ", "destination")
    assert code(await firm.ask("germany", callee="+4930123456")) is RefusalCode.BLOCKED
    assert code(await firm.ask("britain", callee=BRITISH)) is None


async def test_an_organization_that_was_a_plain_wallet_is_blocked_as_well(office: Office) -> None:
    organization_id = await office.calling_organization()
    firm = Firm(office=office, organization_id=organization_id)
    assert await roster_of(office, organization_id) is None
    await blocked(firm, "GB", "destination")
    assert code(await firm.ask("call")) is RefusalCode.BLOCKED


async def test_what_is_blocked_already_is_answered_with_the_block_that_there_is(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1")
    first = await blocked(firm, "sales.1@example.com")
    office.clock.advance(hours=1)
    assert await blocked(firm, "sales.1@example.com") == first
    assert await listed(firm) == (first,)


async def test_a_command_id_blocks_and_lifts_once(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1")
    first = await block(firm, "sales.1@example.com", command_id="block-1")
    assert isinstance(first, BlockRecord)
    lifted = await lift(firm, first.block_id, command_id="lift-1")
    assert await block(firm, "sales.1@example.com", command_id="block-1") == lifted
    again = await blocked(firm, "sales.1@example.com")
    assert await lift(firm, first.block_id, command_id="lift-1") == lifted
    assert await listed(firm, in_force=True) == (again,)
    other = await block(firm, "GB", "destination", command_id="block-1")
    assert code(other) is RefusalCode.CONFLICT


async def test_lifting_twice_changes_nothing_and_keeps_the_name_of_the_first(office: Office) -> None:
    firm = await open_firm(office)
    first = await blocked(firm, "GB", "destination")
    lifted = await lift(firm, first.block_id, lifted_by="Front desk")
    office.clock.advance(hours=1)
    before = await versions(office, firm.organization_id)
    assert await lift(firm, first.block_id, lifted_by="Sales 1") == lifted
    assert (await versions(office, firm.organization_id))[1] == before[1]


async def test_nobody_lifts_a_block_of_another_organization(office: Office) -> None:
    ours, theirs = await open_firm(office), await open_firm(office)
    foreign = await blocked(theirs, "GB", "destination")
    assert code(await lift(ours, foreign.block_id)) is RefusalCode.UNKNOWN_BLOCK
    assert await listed(ours) == ()
    assert await listed(theirs, in_force=True) == (foreign,)
    assert code(await ours.ask("call")) is None


async def test_nobody_blocks_a_user_of_another_organization(office: Office) -> None:
    ours, theirs = await open_firm(office), await open_firm(office)
    foreign = await theirs.hire("sales.1")
    assert code(await block(ours, foreign.party.party_id)) is RefusalCode.UNKNOWN_USER
    assert code(await block(ours, "sales.1@example.com")) is RefusalCode.UNKNOWN_USER


async def test_blocks_are_listed_newest_first_page_by_page(office: Office) -> None:
    firm = await open_firm(office)
    countries = ["DE", "FR", "GB", "IT", "ES"]
    made = []
    for country in countries:
        made.append(await blocked(firm, country, "destination"))
        office.clock.advance(seconds=1 if country != "IT" else 0)
    found: list[BlockRecord] = []
    cursor: str | None = None
    while True:
        page = await list_blocks(
            office.services, organization_id=firm.organization_id, in_force=True, cursor=cursor, limit=2
        )
        assert isinstance(page, Page)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [each.subject for each in found] == countries[::-1]


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("kind", {"kind": "number"}),
    ("kind", {"kind": ""}),
    ("subject", {"subject": ""}),
    ("subject", {"subject": "sales"}),
    ("subject", {"subject": "a@b\x00"}),
    ("subject", {"kind": "destination", "subject": "XX"}),
    ("subject", {"kind": "destination", "subject": "gb"}),
    ("subject", {"kind": "destination", "subject": "+44"}),
    ("command_id", {"command_id": "two words"}),
]


async def test_what_cannot_be_blocked_is_named(office: Office) -> None:
    firm = await open_firm(office)
    for named, wrong in WRONG:
        given = {"command_id": new_id(), "kind": "user", "subject": "sales.1@example.com", **wrong}
        refused = await set_block(office.services, organization_id=firm.organization_id, **given)
        assert isinstance(refused, Refused), wrong
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, named), wrong
    assert await listed(firm) == ()


async def test_what_cannot_be_lifted_or_listed_is_named(office: Office) -> None:
    firm = await open_firm(office)
    assert code(await lift(firm, new_id())) is RefusalCode.UNKNOWN_BLOCK
    for named, refused in (
        ("block_id", await lift(firm, "7")),
        ("lifted_by", await lift(firm, new_id(), lifted_by="")),
        ("command_id", await lift(firm, new_id(), command_id="two words")),
    ):
        assert isinstance(refused, Refused)
        assert refused.facts["field"] == named
    for cursor in ("", write_cursor("blocks", "soon", new_id()), write_cursor("blocks", "1", "x")):
        page = await list_blocks(
            office.services, organization_id=firm.organization_id, in_force=False, cursor=cursor, limit=10
        )
        assert isinstance(page, Refused), cursor
        assert page.facts["field"] == "cursor"


async def test_an_unknown_organization_has_no_blocks(office: Office) -> None:
    firm = Firm(office=office, organization_id=new_id())
    page = await list_blocks(
        office.services, organization_id=firm.organization_id, in_force=False, cursor=None, limit=10
    )
    for outcome in (page, await block(firm, "GB", "destination"), await lift(firm, new_id())):
        assert code(outcome) is RefusalCode.UNKNOWN_ORGANIZATION


async def test_a_block_of_somebody_who_is_gone_is_still_listed(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1")
    first = await blocked(firm, "sales.1@example.com")
    await office.services.pool.execute("delete from parties")
    (found,) = await listed(firm)
    assert (found.subject, found.display_name, found.user_principal_name) == (first.subject, "", "")


async def test_each_block_is_told_to_the_log_once_whoever_set_it_and_however_many_workers_look(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1")
    await firm.rule(Limits(user_hourly_max_micros=UNIT))
    await firm.ask("first", sales)
    for country in ("DE", "FR", "IT"):
        await blocked(firm, country, "destination")
    with capture_logs() as told:
        counts = await asyncio.gather(*(announce_blocks(office.services) for _ in range(3)))
        assert await announce_blocks(office.services) == 0
    assert sum(counts) == 4
    assert {each["event"] for each in told} == {"calls blocked"}
    assert sorted(each["subject"] for each in told) == sorted(["DE", "FR", "IT", sales.party.party_id])
    (by_limit,) = [each for each in told if each["kind"] == "user"]
    assert (by_limit["log_level"], by_limit["reason"], by_limit["limit_micros"]) == ("warning", "spend_velocity", UNIT)
    assert by_limit["organization_id"] == firm.organization_id
    lifted = (await listed(firm, in_force=True))[0]
    await lift(firm, lifted.block_id)
    with capture_logs() as nothing:
        assert await announce_blocks(office.services) == 0
    assert nothing == []


async def test_of_many_who_block_at_once_one_block_is_set(office: Office) -> None:
    firm = await open_firm(office)
    await add(office, firm.organization_id, "sales.1")
    records = await asyncio.gather(*(block(firm, "sales.1@example.com") for _ in range(6)))
    assert len({each.block_id for each in records if isinstance(each, BlockRecord)}) == 1
    assert len(await listed(firm)) == 1


@pytest.mark.parametrize("kind", list(BlockedKind))
async def test_a_lifted_block_can_be_set_again(office: Office, kind: BlockedKind) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1")
    subject = "GB" if kind is BlockedKind.DESTINATION else "sales.1@example.com"
    first = await blocked(firm, subject, kind)
    await lift(firm, first.block_id)
    second = await blocked(firm, subject, kind)
    assert second.block_id != first.block_id
    assert await listed(firm, in_force=True) == (second,)
