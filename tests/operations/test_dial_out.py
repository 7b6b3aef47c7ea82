"""Conference dial-out is told by organizer, with what the pool and what credits paid, and leg by leg."""

from datetime import date, timedelta
from typing import Any

from commcredits.core.commands import Service
from commcredits.core.outcomes import Refused
from commcredits.core.roster import Licence
from commcredits.operations.dial_out import DialOutReport, list_dial_out_legs, report_dial_out
from commcredits.operations.pools import list_own_minutes
from commcredits.operations.spending import Spent
from commcredits.operations.spending_sums import sum_spending
from tests.operations.office import NOON, Office
from tests.operations.policed import BRITISH, ROMANIAN, Firm, open_firm

DAYS: Any = {"first_day": date(2026, 11, 1), "last_day": date(2026, 11, 30)}


async def dial_out(firm: Firm) -> DialOutReport:
    found = await report_dial_out(firm.office.services, organization_id=firm.organization_id, **DAYS)
    assert isinstance(found, DialOutReport), found
    return found


async def test_an_organizer_is_told_with_minutes_and_money_before_and_after_the_day_is_summed(office: Office) -> None:
    firm = await open_firm(office)
    organizer = await firm.hire("host", Licence.AUDIO_CONFERENCING, Licence.COMMUNICATIONS_CREDITS, display_name="host")
    legs = {"service": Service.CONFERENCE_DIAL_OUT, "conference_id": "weekly"}
    await firm.call("leg", 61, organizer, **legs)
    await firm.call("own call", 60, organizer)
    before = await dial_out(firm)
    (one,) = before.organizers
    assert (one.user_id, one.display_name, one.country) == (organizer.party.party_id, "host", "RO")
    assert one.spent == before.total == Spent(calls=1, seconds=61, pool_minutes=2)
    office.clock.now = NOON + timedelta(days=3)
    await sum_spending(office.services)
    assert (await dial_out(firm)).organizers == before.organizers
    found = await list_dial_out_legs(office.services, organization_id=firm.organization_id, user_id=one.user_id, **DAYS)
    assert not isinstance(found, Refused)
    assert [(leg.session_id, leg.conference_id, leg.callee, leg.pool_minutes) for leg in found.legs] == [
        ("leg", "weekly", BRITISH, 2)
    ]


async def test_organizers_are_told_from_any_place_of_the_list_with_the_total_of_all(office: Office) -> None:
    firm = await open_firm(office)
    for number, seconds in enumerate((61, 299, 200), start=1):
        host = await firm.hire(f"host.{number}", Licence.AUDIO_CONFERENCING, Licence.COMMUNICATIONS_CREDITS)
        await firm.call(f"leg {number}", seconds, host, service=Service.CONFERENCE_DIAL_OUT)
    everybody = await dial_out(firm)
    asked: Any = {"organization_id": firm.organization_id, **DAYS}
    second = await report_dial_out(office.services, **asked, skipped=1, limit=1)
    assert isinstance(second, DialOutReport)
    assert second.organizers == everybody.organizers[1:2]
    assert [each.spent.seconds for each in everybody.organizers] == [299, 200, 61]
    assert second.total == everybody.total
    wrong: Any
    for wrong in ({"skipped": -1}, {"skipped": 10_001}, {"limit": 0}, {"limit": 10_001}):
        refused = await report_dial_out(office.services, **asked, **wrong)
        assert isinstance(refused, Refused)
        assert refused.facts["field"] in wrong


async def test_legs_hide_the_end_of_numbers_where_the_country_says_so_and_go_when_no_longer_kept(
    office: Office,
) -> None:
    firm = await open_firm(office)
    await office.services.pool.execute("update organizations set country = 'CH'")
    organizer = await firm.hire("host", Licence.AUDIO_CONFERENCING, Licence.COMMUNICATIONS_CREDITS, display_name="host")
    await firm.call("leg", 61, organizer, service=Service.CONFERENCE_DIAL_OUT)
    asked: Any = {"organization_id": firm.organization_id, "user_id": organizer.party.party_id, **DAYS}
    found = await list_dial_out_legs(office.services, **asked)
    assert not isinstance(found, Refused)
    assert found.legs[0].callee == BRITISH[:-4] + "****"
    office.clock.advance(days=366)
    gone = await list_dial_out_legs(office.services, **asked)
    assert not isinstance(gone, Refused)
    assert gone.legs == ()


async def test_users_with_minutes_of_their_own_are_told_those_with_the_fewest_left_first(office: Office) -> None:
    firm = await open_firm(office)
    busy = await firm.hire("busy", Licence.DOMESTIC_120_UNPOOLED, display_name="busy")
    await firm.hire("calm", Licence.DOMESTIC_120_UNPOOLED, display_name="calm")
    await firm.hire("other", Licence.DOMESTIC_120)
    await firm.call("a", 61, busy, callee=ROMANIAN)
    found = await list_own_minutes(office.services, organization_id=firm.organization_id)
    assert not isinstance(found, Refused)
    assert [(each.display_name, each.total_minutes, each.used_minutes, each.available_minutes) for each in found] == [
        ("busy", 120, 2, 118),
        ("calm", 120, 0, 120),
    ]
