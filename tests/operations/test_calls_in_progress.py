"""A call that an edge has forgotten is found with what its switch has reported, and nobody else's is."""

from __future__ import annotations

from commcredits.core.account import SessionState
from commcredits.core.commands import RefundCall, Update
from commcredits.core.outcomes import Ended, Granted
from commcredits.operations.calls_in_progress import find_calls
from tests.operations.office import Office, open_office

ABSENT = "00000000-0000-0000-0000-000000000000"


async def _report(office: Office, organization_id: str, session_id: str, number: int, seconds: int) -> None:
    update = Update(organization_id=organization_id, session_id=session_id, request_number=number, used_seconds=seconds)
    assert isinstance(await office.execute(update), Granted)


async def test_a_running_call_is_found_by_its_id_alone_or_with_its_organization(database_url: str) -> None:
    async with open_office(database_url) as office:
        organization_id = await office.calling_organization()
        await office.authorise(organization_id, "gw;1", switch="diameter:gw")
        for number, seconds in ((1, 30), (2, 70), (4, 110)):
            await _report(office, organization_id, "gw;1", number, seconds)
        for known in ("", organization_id):
            (found,) = await find_calls(office.services, session_ids=["gw;1", "gw;2"], organization_id=known)
            assert (found.organization_id, found.session_id, found.switch) == (organization_id, "gw;1", "diameter:gw")
            assert (found.state, found.live, found.used_seconds) == (SessionState.STARTED, True, 110)
            assert found.reports == {2: 70, 4: 110}
            assert found.started_at is not None


async def test_running_calls_are_found_by_how_their_ids_begin(database_url: str) -> None:
    async with open_office(database_url) as office:
        organization_id = await office.calling_organization()
        for session_id in ("gw;1~rg100", "gw;1~rg200", "gw;10~rg100", "gw;1"):
            await office.authorise(organization_id, session_id)
        await office.end(organization_id, "gw;1~rg200", 0)
        for known in ("", organization_id):
            found = await find_calls(office.services, session_ids=[], beginning="gw;1", organization_id=known)
            assert [call.session_id for call in found] == ["gw;1~rg100"]


async def test_a_call_that_is_over_is_found_with_its_organization_only(database_url: str) -> None:
    async with open_office(database_url) as office:
        organization_id = await office.calling_organization()
        await office.call(organization_id, "gw;1", 60)
        refund = RefundCall(organization_id=organization_id, session_id="gw;1", command_id="back", used_seconds=20)
        assert isinstance(await office.execute(refund), Ended)
        (found,) = await find_calls(office.services, session_ids=["gw;1"], organization_id=organization_id)
        assert (found.state, found.live, found.used_seconds, found.charged_micros) == ("ended", False, 20, 200_000)
        assert found.refunds == {"back": 20}
        assert await find_calls(office.services, session_ids=["gw;1"]) == []
        assert await find_calls(office.services, session_ids=["gw;1"], organization_id=ABSENT) == []
