"""What is reported is what is in force at the instant of asking: balance, lots, journal and calls."""

from datetime import timedelta
from typing import Any

from commcredits.core.account import SessionState
from commcredits.core.commands import CallType, ExpireLots, Service, Start
from commcredits.core.funds import LotSource
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.core.roster import Licence
from commcredits.operations.licences import AssignmentReport, assign_licences
from commcredits.operations.paging import Page, write_cursor
from commcredits.operations.reports import (
    Balance,
    CallRecord,
    JournalEntry,
    LotRecord,
    get_call,
    list_calls,
    list_journal,
    list_lots,
    read_balance,
)
from commcredits.storage.connection import load_statement
from tests.operations.colleagues import add, buy
from tests.operations.office import CALLEE, CALLER, NOON, SHARD, Office, new_id

LATE = NOON + timedelta(days=9_999)


async def balance(office: Office, organization_id: str) -> tuple[int, int, int]:
    """Posted, held and available."""
    found = await read_balance(office.services, organization_id=organization_id)
    assert isinstance(found, Balance), found
    return found.posted_micros, found.held_micros, found.available_micros


async def lots(office: Office, organization_id: str) -> tuple[LotRecord, ...]:
    """The lots, checked against the balance: together they are it."""
    found = await list_lots(office.services, organization_id=organization_id)
    assert isinstance(found, tuple), found
    free, held = sum(lot.free_micros for lot in found), sum(lot.held_micros for lot in found)
    assert await balance(office, organization_id) == (free + held, held, free)
    return found


async def journal(office: Office, organization_id: str, *, limit: int = 200) -> list[JournalEntry]:
    """Every transfer, page by page."""
    entries: list[JournalEntry] = []
    cursor: str | None = None
    while True:
        page = await list_journal(office.services, organization_id=organization_id, cursor=cursor, limit=limit)
        assert isinstance(page, Page), page
        assert len(page.items) <= limit
        entries += page.items
        cursor = page.next_cursor
        if cursor is None:
            return entries


async def calls(office: Office, organization_id: str, *, limit: int = 200) -> list[CallRecord]:
    """Every call, page by page."""
    records: list[CallRecord] = []
    cursor: str | None = None
    while True:
        page = await list_calls(office.services, organization_id=organization_id, cursor=cursor, limit=limit)
        assert isinstance(page, Page), page
        assert len(page.items) <= limit
        records += page.items
        cursor = page.next_cursor
        if cursor is None:
            return records


async def test_a_balance_is_what_was_added_less_what_calls_used_and_hold(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=50_000_000)
    await office.call(organization_id, "over", 75)
    await office.authorise(organization_id, "running")
    found = await read_balance(office.services, organization_id=organization_id)
    # 75 seconds at 0.01; the running call holds its first slice of 300 seconds.
    assert found == Balance(
        posted_micros=49_250_000,
        held_micros=3_000_000,
        available_micros=46_250_000,
        owed_micros=0,
        currency="EUR",
        as_of=NOON,
    )


async def test_a_lot_is_worth_nothing_from_the_instant_of_its_expiry_booked_or_not(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=7_000_000)
    short = await office.grant(organization_id, 5_000_000, days=30)

    office.clock.now = NOON + timedelta(days=30) - timedelta(microseconds=1)
    assert await balance(office, organization_id) == (12_000_000, 0, 12_000_000)

    office.clock.now = NOON + timedelta(days=30)
    assert await balance(office, organization_id) == (7_000_000, 0, 7_000_000)
    assert [lot.free_micros for lot in await lots(office, organization_id)] == [7_000_000]
    assert TransferReason.EXPIRY not in {entry.reason for entry in await journal(office, organization_id)}

    await office.execute(ExpireLots(organization_id=organization_id))
    assert await balance(office, organization_id) == (7_000_000, 0, 7_000_000)
    booked = (await journal(office, organization_id))[0]
    assert (booked.reason, booked.lot_id, booked.amount_micros) == (TransferReason.EXPIRY, short, 5_000_000)
    assert (booked.source, booked.target) == (LedgerAccount.CUSTOMER_CREDITS, LedgerAccount.BREAKAGE)


async def test_what_a_call_holds_of_an_expired_lot_is_still_posted_and_not_available(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=7_000_000)
    short = await office.grant(organization_id, 5_000_000, days=30)
    office.clock.now = NOON + timedelta(days=30) - timedelta(seconds=1)
    await office.authorise(organization_id, "running", answered=True)
    office.clock.advance(seconds=1)

    assert await balance(office, organization_id) == (10_000_000, 3_000_000, 7_000_000)
    assert [(lot.lot_id, lot.free_micros, lot.held_micros) for lot in await lots(office, organization_id)] == [
        (short, 0, 3_000_000),
        ((await lots(office, organization_id))[1].lot_id, 7_000_000, 0),
    ]


async def test_lots_are_listed_in_order_of_use_with_what_they_were_bought_for(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=1_000_000)
    late = await office.grant(organization_id, 2_000_000, days=90)
    early = await office.grant(organization_id, 3_000_000, days=60)

    first, second, third = await lots(office, organization_id)

    assert (first.lot_id, second.lot_id) == (early, late)
    assert first == LotRecord(
        lot_id=early,
        source=LotSource.PROMOTION,
        purchased_at=NOON,
        expires_at=NOON + timedelta(days=60),
        amount_micros=3_000_000,
        free_micros=3_000_000,
        held_micros=0,
    )
    assert third.amount_micros == 1_000_000


async def test_a_lot_that_is_used_up_is_no_longer_listed(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=5_000_000)
    first = await office.grant(organization_id, 600_000, days=1)
    await office.call(organization_id, "over", 90)
    (left,) = await lots(office, organization_id)
    assert left.lot_id != first
    # 60 seconds came from the first lot, 30 from this one.
    assert (left.amount_micros, left.free_micros) == (5_000_000, 4_700_000)


async def test_an_organization_without_funds_has_no_lots(office: Office) -> None:
    organization = await office.organization()
    assert await lots(office, organization.organization_id) == ()


async def test_the_journal_tells_every_transfer_newest_first_each_once(office: Office) -> None:
    organization_id = await office.calling_organization()
    other_id = await office.calling_organization()
    for number in range(5):
        office.clock.advance(seconds=400)
        await office.call(organization_id, f"call-{number}", number + 1)
        await office.call(other_id, f"call-{number}", 60)

    whole = await journal(office, organization_id)

    assert [entry.amount_micros for entry in whole] == [50_000, 40_000, 30_000, 20_000, 10_000, 50_000_000]
    assert [entry.session_id for entry in whole] == ["call-4", "call-3", "call-2", "call-1", "call-0", None]
    assert whole == sorted(whole, key=lambda entry: entry.at, reverse=True)
    newest = whole[0]
    assert (newest.source, newest.target) == (LedgerAccount.CUSTOMER_CREDITS, LedgerAccount.REVENUE_OUTBOUND)
    assert (newest.reason, newest.at, newest.top_up_id) == (TransferReason.CALL, office.clock.now, None)
    for limit in (1, 2, 3, 5, 6):
        assert await journal(office, organization_id, limit=limit) == whole


async def test_a_transfer_made_between_two_pages_repeats_and_hides_no_other(office: Office) -> None:
    organization_id = await office.calling_organization()
    for number in range(4):
        await office.call(organization_id, f"call-{number}", 1)
    whole = await journal(office, organization_id)
    first = await list_journal(office.services, organization_id=organization_id, cursor=None, limit=2)
    assert isinstance(first, Page)

    await office.call(organization_id, "in between", 1)

    second = await list_journal(office.services, organization_id=organization_id, cursor=first.next_cursor, limit=200)
    assert isinstance(second, Page)
    assert [*first.items, *second.items] == whole


async def test_a_call_tells_all_about_itself(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.authorise(organization_id, "call")
    office.clock.advance(seconds=7)
    running = await get_call(office.services, organization_id=organization_id, session_id="call")
    await office.execute(Start(organization_id=organization_id, session_id="call"))
    office.clock.advance(seconds=320)
    await office.end(organization_id, "call", 320)

    over = await get_call(office.services, organization_id=organization_id, session_id="call")

    assert isinstance(running, CallRecord)
    assert isinstance(over, CallRecord)
    assert (running.state, running.held_micros, running.charged_micros) == (SessionState.AUTHORISED, 3_000_000, 0)
    assert (running.started_at, running.ended_at, running.duration_seconds) == (None, None, 0)
    assert over == CallRecord(
        session_id="call",
        service=Service.OUTBOUND,
        call_type=None,
        user_id=None,
        user_display_name="",
        caller=CALLER,
        callee=CALLEE,
        destination="United Kingdom",
        state=SessionState.ENDED,
        authorised_at=NOON,
        started_at=NOON + timedelta(seconds=7),
        ended_at=NOON + timedelta(seconds=327),
        # Its grant was of 300 seconds; the switch let it run for 20 more, which nobody pays.
        duration_seconds=300,
        overrun_seconds=20,
        switch="",
        pool_minutes=0,
        charged_micros=3_000_000,
        held_micros=0,
        currency="EUR",
        capability="",
        cause="normal",
        refusal=None,
        rate_deck_id=over.rate_deck_id,
        rate_prefix="44",
    )


async def test_a_call_tells_whose_it_is_and_what_minutes_and_credits_paid_of_it(office: Office) -> None:
    organization_id = await office.calling_organization()
    user = await add(office, organization_id, "desk", display_name="Front desk", usage_location="GB")
    licences = (Licence.DOMESTIC_120_UNPOOLED, Licence.COMMUNICATIONS_CREDITS)
    await buy(office, organization_id, Licence.DOMESTIC_120_UNPOOLED, 1)
    given = await assign_licences(
        office.services, organization_id=organization_id, users=["desk@example.com"], licences=licences
    )
    assert isinstance(given, AssignmentReport), given
    of_the_desk: dict[str, Any] = {"user": "desk@example.com", "slice_seconds": 121 * 60}
    await office.call(organization_id, "1 outlived its minutes", 121 * 60, **of_the_desk)
    await office.call(organization_id, "2 found none left", 30, **of_the_desk)
    await office.call(organization_id, "3 of nobody's", 30)

    split, late, nobodys = sorted(await calls(office, organization_id), key=lambda call: call.session_id)

    assert (split.call_type, split.user_id, split.user_display_name) == (
        CallType.USER_OUT,
        user.party.party_id,
        "Front desk",
    )
    assert (split.pool_minutes, split.charged_micros, split.capability) == (120, 600_000, "MCOPSTN8")
    assert (late.pool_minutes, late.charged_micros, late.capability) == (0, 300_000, "MCOPSTNPP")
    assert (nobodys.call_type, nobodys.user_id, nobodys.user_display_name) == (CallType.USER_OUT, None, "")
    assert nobodys.capability == "MCOPSTNPP"


async def test_a_refused_call_is_listed_with_the_reason(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=9_999)
    await office.authorise(organization_id, "too dear")
    await office.authorise(organization_id, "nowhere", callee="+99912345678")

    nowhere, too_dear = sorted(await calls(office, organization_id), key=lambda call: call.session_id)

    assert (too_dear.state, too_dear.refusal, too_dear.cause) == (
        SessionState.REFUSED,
        RefusalCode.INSUFFICIENT_FUNDS,
        "",
    )
    assert (too_dear.destination, too_dear.rate_prefix) == ("United Kingdom", "44")
    assert (nowhere.refusal, nowhere.destination, nowhere.rate_prefix) == (RefusalCode.NO_RATE, "", None)


async def test_an_emergency_call_is_listed_and_costs_nothing(office: Office) -> None:
    organization = await office.organization()
    granted = await office.authorise(
        organization.organization_id, "help", service=Service.EMERGENCY, callee="112", answered=True
    )
    assert isinstance(granted, Granted)
    await office.end(organization.organization_id, "help", 60)
    (call,) = await calls(office, organization.organization_id)
    assert (call.service, call.destination, call.charged_micros) == (Service.EMERGENCY, "Emergency", 0)


async def test_calls_are_listed_newest_first_each_once_also_when_they_began_at_one_instant(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.calling_organization()
    for session_id in ("b", "c", "a"):
        await office.call(organization_id, session_id, 1)
    office.clock.advance(microseconds=1)
    await office.call(organization_id, "0", 1)
    for limit in (1, 2, 3, 4, 200):
        listed = await calls(office, organization_id, limit=limit)
        assert [call.session_id for call in listed] == ["0", "c", "b", "a"]


async def test_a_page_of_calls_is_read_off_the_index_that_was_made_for_it(office: Office) -> None:
    """However many calls an organization has, a page costs what it shows."""
    organization_id = await office.calling_organization()
    await office.call(organization_id, "call", 1)
    async with office.services.pool.acquire() as connection:
        await connection.execute(
            """insert into call_sessions
            select (jsonb_populate_record(s, jsonb_build_object(
                'session_id', 'call-' || number,
                'authorised_at', s.authorised_at + number * interval '1 second'
            ))).*
            from call_sessions s, generate_series(1, 5000) number"""
        )
        await connection.execute("analyze call_sessions")
        plan = await connection.fetch(f"explain {load_statement('list_calls')}", SHARD, organization_id, LATE, "", 50)
    text = "\n".join(line for (line,) in plan)
    assert "Index Scan Backward using call_sessions_by_time" in text
    assert "Sort" not in text
    assert len(await calls(office, organization_id)) == 5_001


async def test_another_organizations_call_is_unknown(office: Office) -> None:
    one, other = await office.calling_organization(), await office.calling_organization()
    await office.call(one, "call", 1)
    assert await get_call(office.services, organization_id=other, session_id="call") == Refused(
        code=RefusalCode.UNKNOWN_SESSION, facts={"session_id": "call"}
    )


async def test_what_cannot_be_a_call_is_refused_as_input(office: Office) -> None:
    organization_id = await office.calling_organization()
    for session_id in ("", "two words", "x" * 129, "é", "\x00"):
        refused = await get_call(office.services, organization_id=organization_id, session_id=session_id)
        assert isinstance(refused, Refused), session_id
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "session_id")


async def test_a_cursor_that_was_never_given_out_is_refused(office: Office) -> None:
    organization_id = await office.calling_organization()
    for cursor in (
        "",
        "x",
        write_cursor("calls", "soon", "x"),
        write_cursor("journal", "1"),
        write_cursor("calls", "1"),
    ):
        for listing in (list_calls, list_journal):
            refused = await listing(office.services, organization_id=organization_id, cursor=cursor, limit=10)
            assert isinstance(refused, Refused), cursor
            assert refused.facts["field"] == "cursor"


async def test_a_page_too_long_is_refused(office: Office) -> None:
    organization_id = await office.calling_organization()
    for listing in (list_calls, list_journal):
        refused = await listing(office.services, organization_id=organization_id, cursor=None, limit=201)
        assert isinstance(refused, Refused)
        assert refused.facts["field"] == "limit"


async def test_every_report_knows_only_organizations_that_exist(office: Office) -> None:
    services = office.services
    for organization_id, code in ((new_id(), RefusalCode.UNKNOWN_ORGANIZATION), ("me", RefusalCode.INVALID_INPUT)):
        for answer in (
            await read_balance(services, organization_id=organization_id),
            await list_lots(services, organization_id=organization_id),
            await list_journal(services, organization_id=organization_id, cursor=None, limit=1),
            await list_calls(services, organization_id=organization_id, cursor=None, limit=1),
            await get_call(services, organization_id=organization_id, session_id="x"),
        ):
            assert isinstance(answer, Refused)
            assert answer.code is code
