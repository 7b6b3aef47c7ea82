"""What every charging edge needs: whose call it is, emergencies that always pass, ids that fit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.commands import Authorise, CallType, Service, Start
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.operations.charging import (
    EMERGENCY_GRANT,
    SESSION_ID,
    CallRequest,
    Emergency,
    fit_session_id,
)
from commcredits.operations.numbers import add_number
from commcredits.operations.reports import CallRecord, get_call
from tests.operations.office import Office
from tests.operations.switching import SWITCH, desk_of

OWN = "+40213000001"
ABROAD = "+442079460000"


def _request(**fields: Any) -> CallRequest:
    return CallRequest(**{"session_id": "call-1", "caller": OWN, "callee": ABROAD, "switch": SWITCH, **fields})


async def test_a_call_belongs_to_whoever_has_the_number_that_is_its_own(office: Office) -> None:
    organization_id = await office.calling_organization()
    await add_number(
        office.services, organization_id=organization_id, number="+40213000007", kind="user", display_name=""
    )
    desk = await desk_of(office)
    outbound = desk.identify(_request(caller="+40213000007"))
    inbound = desk.identify(_request(callee="+40213000007", caller=ABROAD, call_type=CallType.USER_IN))
    assert isinstance(outbound, Authorise)
    assert isinstance(inbound, Authorise)
    assert outbound.organization_id == inbound.organization_id == organization_id
    assert (outbound.service, inbound.service) == (Service.OUTBOUND, Service.TOLL_IN)
    assert outbound.switch == SWITCH


async def test_a_number_that_nobody_has_is_refused(office: Office) -> None:
    refused = (await desk_of(office)).identify(_request(caller="+40213009999"))
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_NUMBER


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("session_id", ""),
        ("session_id", "two words"),
        ("caller", "desk"),
        ("callee", "+0"),
        ("user", "a\nb"),
        ("conference_id", "x" * 65),
        ("slice_seconds", 0),
        ("slice_seconds", 14_401),
        ("organization_id", "7"),
    ],
)
async def test_a_field_that_is_wrong_is_named(office: Office, field: str, value: Any) -> None:
    refused = (await desk_of(office)).identify(_request(**{field: value}))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)


@pytest.mark.parametrize(
    "fields",
    [
        {"callee": "112"},
        {"callee": "+112"},
        {"service": Service.EMERGENCY},
        {"call_type": CallType.EMERGENCY_OUT, "caller": "nobody", "session_id": ""},
    ],
)
async def test_an_emergency_passes_whatever_else_is_wrong(office: Office, fields: dict[str, Any]) -> None:
    desk = await desk_of(office)
    assert isinstance(desk.identify(_request(**fields)), Emergency)
    assert (await desk.authorise(_request(**fields)))[1] == EMERGENCY_GRANT


async def test_an_emergency_call_is_recorded_after_it_was_let_through(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=1)
    desk = await desk_of(office)
    organization, granted = await desk.authorise(_request(callee="112", organization_id=organization_id))
    assert (organization, granted) == (organization_id, EMERGENCY_GRANT)
    await office.execute(Start(organization_id=organization_id, session_id="call-1"))
    call = await get_call(office.services, organization_id=organization_id, session_id="call-1")
    assert isinstance(call, CallRecord)
    assert (call.service, call.charged_micros, call.switch) == (Service.EMERGENCY, 0, SWITCH)


async def test_a_running_call_is_found_by_its_id_alone_and_one_that_is_over_is_not(office: Office) -> None:
    organization_id = await office.calling_organization()
    desk = await desk_of(office)
    request = _request(session_id="find-me", organization_id=organization_id)
    assert isinstance((await desk.authorise(request))[1], Granted)
    assert await desk.find_organization("find-me", SWITCH) == organization_id
    assert await desk.find_organization("find-me", "kamailio:another") is None
    await office.end(organization_id, "find-me", 5)
    assert await desk.find_organization("find-me", SWITCH) is None


@given(parts=st.lists(st.text(max_size=200), min_size=1, max_size=3))
def test_any_switchs_own_ids_make_an_id_that_fits(parts: list[str]) -> None:
    assert SESSION_ID.fullmatch(fit_session_id(*parts))


@given(first=st.text(min_size=1, max_size=300), second=st.text(min_size=1, max_size=300))
def test_two_calls_never_share_an_id(first: str, second: str) -> None:
    assert (fit_session_id("edge", first) == fit_session_id("edge", second)) == (first == second)


def test_an_id_that_fits_stays_as_it_is() -> None:
    assert fit_session_id("edge-1", "a84b4c76e66710@192.0.2.1") == "edge-1~a84b4c76e66710@192.0.2.1"
