"""A switch's own list of live calls beside ours: what is gone ends, what nobody pays for is named."""

import pytest

from commcredits.core.account import SessionState
from commcredits.core.commands import Start, Update
from commcredits.core.flags import FlagKind
from commcredits.operations.call_flags import announce_flags, list_flags
from commcredits.operations.paging import Page
from commcredits.operations.reports import CallRecord, get_call
from commcredits.operations.verify import verify_books
from tests.operations.office import Office
from tests.operations.switching import SWITCH, reconciler_of


async def _running(office: Office, *session_ids: str, switch: str = SWITCH) -> str:
    organization_id = await office.calling_organization()
    for session_id in session_ids:
        await office.authorise(organization_id, session_id, switch=switch)
        await office.execute(Start(organization_id=organization_id, session_id=session_id))
    return organization_id


async def _call(office: Office, organization_id: str, session_id: str) -> CallRecord:
    call = await get_call(office.services, organization_id=organization_id, session_id=session_id)
    assert isinstance(call, CallRecord)
    return call


async def _flags(office: Office, organization_id: str) -> list[tuple[str, FlagKind]]:
    page = await list_flags(office.services, organization_id=organization_id, cursor=None, limit=10)
    assert isinstance(page, Page)
    return [(flag.session_id, flag.kind) for flag in page.items]


async def test_a_call_that_two_lists_lack_ends_when_the_switch_last_had_it(office: Office) -> None:
    organization_id = await _running(office, "here", "gone", switch="kamailio:lost")
    reconciler = await reconciler_of(office, "kamailio:lost")
    office.clock.advance(seconds=60)
    both = {"here": organization_id, "gone": organization_id}
    assert (await reconciler.compare(both)).ended == ()
    office.clock.advance(seconds=30)
    assert (await reconciler.compare({"here": organization_id})).ended == ()
    office.clock.advance(seconds=30)
    assert (await reconciler.compare({"here": organization_id})).ended == ("gone",)
    gone = await _call(office, organization_id, "gone")
    assert (gone.state, gone.duration_seconds, gone.cause) == (SessionState.ENDED, 60, "gone_from_switch")
    assert (await _call(office, organization_id, "here")).state is SessionState.STARTED
    assert await _flags(office, organization_id) == [("gone", FlagKind.GONE_FROM_SWITCH)]
    assert (await verify_books(office.services)).discrepancies == ()


async def test_a_call_that_no_list_ever_showed_is_charged_what_it_reported(office: Office) -> None:
    organization_id = await _running(office, "gone", switch="kamailio:restarted")
    office.clock.advance(seconds=40)
    await office.execute(Update(organization_id=organization_id, session_id="gone", request_number=1, used_seconds=40))
    office.clock.advance(seconds=200)
    reconciler = await reconciler_of(office, "kamailio:restarted")
    await reconciler.compare({})
    assert (await reconciler.compare({})).ended == ("gone",)
    assert (await _call(office, organization_id, "gone")).duration_seconds == 40


async def test_a_call_that_was_just_authorised_may_be_missing(office: Office) -> None:
    organization_id = await _running(office, "new", switch="kamailio:young")
    reconciler = await reconciler_of(office, "kamailio:young")
    for _ in range(3):
        assert (await reconciler.compare({})).ended == ()
    assert (await _call(office, organization_id, "new")).state is SessionState.STARTED


async def test_another_switchs_calls_are_none_of_this_list(office: Office) -> None:
    organization_id = await _running(office, "elsewhere", switch="kamailio:other")
    office.clock.advance(seconds=60)
    reconciler = await reconciler_of(office, "kamailio:this")
    await reconciler.compare({})
    assert (await reconciler.compare({})).ended == ()
    assert (await _call(office, organization_id, "elsewhere")).state is SessionState.STARTED


async def test_a_call_that_nothing_pays_for_is_named_once_two_lists_show_it(office: Office) -> None:
    organization_id = await _running(office, "paid", switch="kamailio:stray")
    reconciler = await reconciler_of(office, "kamailio:stray")
    listed = {"paid": organization_id, "stray": "", "free": organization_id}
    assert (await reconciler.compare(listed)).to_cut == ()
    assert sorted((await reconciler.compare(listed)).to_cut) == ["free", "stray"]
    assert await _flags(office, organization_id) == [("free", FlagKind.NOT_CHARGED)]


async def test_a_call_that_is_over_at_the_switch_is_neither_gone_nor_free(office: Office) -> None:
    organization_id = await _running(office, "ends-here-first", "ends-there-first", switch="kamailio:ending")
    office.clock.advance(seconds=60)
    await office.end(organization_id, "ends-here-first", 60)
    reconciler = await reconciler_of(office, "kamailio:ending")
    for _ in range(3):
        found = await reconciler.compare({}, ending={"ends-here-first", "ends-there-first"})
        assert (found.ended, found.to_cut) == ((), ())
    assert (await _call(office, organization_id, "ends-there-first")).state is SessionState.STARTED
    assert await _flags(office, organization_id) == []


async def test_a_call_whose_end_is_lost_is_charged_until_a_list_last_showed_that_it_ran(office: Office) -> None:
    organization_id = await _running(office, "over", switch="kamailio:forgot")
    reconciler = await reconciler_of(office, "kamailio:forgot")
    office.clock.advance(seconds=20)
    await reconciler.compare({"over": organization_id})
    for _ in range(3):
        office.clock.advance(seconds=20)
        await reconciler.compare({}, ending={"over"})
    await reconciler.compare({})
    assert (await reconciler.compare({})).ended == ("over",)
    assert (await _call(office, organization_id, "over")).duration_seconds == 20


async def test_a_call_that_comes_back_is_not_ended(office: Office) -> None:
    organization_id = await _running(office, "call", switch="kamailio:blinking")
    office.clock.advance(seconds=60)
    reconciler = await reconciler_of(office, "kamailio:blinking")
    for listed in ({}, {"call": organization_id}, {}):
        assert (await reconciler.compare(listed)).ended == ()
    assert (await _call(office, organization_id, "call")).state is SessionState.STARTED


async def test_each_flag_is_told_to_the_log_once(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    await announce_flags(office.services)
    organization_id = await _running(office, "ahead")
    await office.end(organization_id, "ahead", 250)
    capsys.readouterr()
    assert await announce_flags(office.services) == 1
    told = capsys.readouterr().out
    assert "call flagged" in told
    assert "ahead_of_the_clock" in told
    assert await announce_flags(office.services) == 0


async def test_flags_come_in_pages_newest_first(office: Office) -> None:
    organization_id = await _running(office, "one", "two", "three")
    for session_id in ("one", "two", "three"):
        office.clock.advance(seconds=1)
        await office.end(organization_id, session_id, 200)
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await list_flags(office.services, organization_id=organization_id, cursor=cursor, limit=1)
        assert isinstance(page, Page)
        seen += [flag.session_id for flag in page.items]
        cursor = page.next_cursor
    assert (seen, cursor) == (["three", "two", "one"], None)
