"""Books of an organization with people: minutes, caps and a block, calls told after the fact, a debt, corrections.

Knows which commands bring that about. Refuses to know what is wrong with spoiled books.
"""

from datetime import timedelta
from typing import Any

from commcredits.core.commands import Authorise, CallType, CorrectCall, ImportLot, RecordCall, Service
from commcredits.core.outcomes import Done, Granted, LotGranted, Recorded, RefusalCode, Refused
from commcredits.core.roster import Licence, Limits, Roster
from commcredits.operations.licences import assign_licences, set_purchased
from commcredits.operations.numbers import PhoneNumber, add_number, assign_number
from commcredits.operations.tariffs import RateDeckInfo, assign_rate_deck, publish_rate_deck
from commcredits.storage.rosters import change_rules, changing_roster
from tests.operations.colleagues import add
from tests.operations.office import CALLEE, HEADER, SHARD, Office, new_id

CHARLIE = "Charlie"
SALES, SALES_NUMBER = "sales@example.com", "+40211230001"
DESK = "desk@example.com"
DOMESTIC = "+40316300000"
TERMS = (
    '{"time_zone": "Europe/Bucharest", "bands": {"evening": {"weekdays": "mon-sun", "from": "18:00", "to": "24:00"}}}'
)
DECK = f"""{HEADER},band_prices
44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,,
40,Romania,outbound,0.06,0.01,1,1,2020-01-01,,evening:0.03
""".encode()
CHEAP = DECK.replace(b"0.60", b"0.30").replace(b"0.06", b"0.04")
DEAR = DECK.replace(b"0.60", b"0.90")
LIMITS = Limits(
    calls_max=10,
    user_calls_max=5,
    user_monthly_max_micros=50_000_000,
    department_monthly_max_micros={"Sales": 60_000_000},
    user_hourly_max_micros=2_000_000,
    destination_daily_max_micros=40_000_000,
)


async def fill_books_of_people(office: Office) -> None:
    """One more organization: 6.00 moved in with, of which everything is spent and 0.03 is still owed."""
    charlie = (await office.organization(CHARLIE)).organization_id
    standard, cheap, dear = [await _deck(office, rates) for rates in (DECK, CHEAP, DEAR)]
    await _open(office, charlie, standard)
    await _split_call(office, charlie)
    await _running_calls(office, charlie)
    await _corrected_records(office, charlie, cheap, dear)
    await _blocked_calls(office, charlie)
    await _owed_call(office, charlie, cheap)


async def _deck(office: Office, rates: bytes) -> str:
    published = await publish_rate_deck(
        office.services, command_id=new_id(), name="With bands", currency="EUR", lines=[rates], terms=TERMS
    )
    assert isinstance(published, RateDeckInfo), published
    return published.rate_deck_id


async def _open(office: Office, organization_id: str, rate_deck_id: str) -> None:
    """Two users with licences, a number, limits, and a balance from the system before."""
    services = office.services
    assigned = await assign_rate_deck(
        services, organization_id=organization_id, command_id=new_id(), rate_deck_id=rate_deck_id
    )
    assert isinstance(assigned, Done), assigned
    await add(office, organization_id, "sales", department="Sales")
    await add(office, organization_id, "desk")
    for user, plan in ((SALES, Licence.DOMESTIC_120), (DESK, Licence.DOMESTIC_240)):
        await set_purchased(services, organization_id=organization_id, licence=plan, country="RO", quantity=1)
        licences = [plan, Licence.COMMUNICATIONS_CREDITS]
        given = await assign_licences(services, organization_id=organization_id, users=[user], licences=licences)
        assert not isinstance(given, Refused), given
        assert given.written
    number = await add_number(
        services, organization_id=organization_id, number=SALES_NUMBER, kind="user", display_name="Sales 1"
    )
    assert isinstance(number, PhoneNumber), number
    number = await assign_number(
        services, organization_id=organization_id, number=SALES_NUMBER, purpose="person", user=SALES
    )
    assert isinstance(number, PhoneNumber), number
    async with changing_roster(services.pool, SHARD, organization_id) as connection:
        await change_rules(connection, SHARD, organization_id, Roster(version=0, limits=LIMITS))
    moved_in = ImportLot(
        organization_id=organization_id,
        command_id=new_id(),
        amount_micros=6_000_000,
        purchased_at=office.clock.now - timedelta(days=100),
        expires_at=office.clock.now + timedelta(days=200),
    )
    assert isinstance(await office.execute(moved_in), LotGranted)


async def _split_call(office: Office, organization_id: str) -> None:
    """118 of 120 minutes were used by a call told afterwards; of 400 seconds, 280 cost 0.06 a minute and 0.01."""
    told = await _told(office, organization_id, "told", DOMESTIC, 118 * 60)
    assert (told.pool_minutes, told.charged_micros) == (118, 0)
    granted = await _authorised(office, organization_id, "split", callee=DOMESTIC, slice_seconds=600)
    assert (granted.included_seconds, granted.granted_seconds) == (120, 600)
    ended = await office.end(organization_id, "split", 400)
    assert (ended.pool_minutes, ended.charged_micros) == (2, 290_000)


async def _running_calls(office: Office, organization_id: str) -> None:
    """One holds five minutes of the other user's pool, one 0.60, and one costs nobody anything."""
    holding = await _authorised(office, organization_id, "holding", user=DESK, callee=DOMESTIC)
    assert (holding.included_seconds, holding.held_micros) == (300, 0)
    assert (await _authorised(office, organization_id, "paying", slice_seconds=60)).held_micros == 600_000
    service = {"service": Service.TOLL_IN, "call_type": CallType.USER_IN}
    called = await _authorised(office, organization_id, "called", caller=CALLEE, callee=SALES_NUMBER, **service)
    assert (called.included_seconds, called.held_micros) == (0, 0)


async def _corrected_records(office: Office, organization_id: str, cheap: str, dear: str) -> None:
    """A minute at 0.60 each, priced anew: one down to 0.30, one up to 0.90."""
    for record_id, rate_deck_id, charged in (("too-dear", cheap, 300_000), ("too-cheap", dear, 900_000)):
        assert (await _told(office, organization_id, record_id, CALLEE, 60)).charged_micros == 600_000
        assert (await _corrected(office, organization_id, record_id, rate_deck_id)).charged_micros == charged


async def _blocked_calls(office: Office, organization_id: str) -> None:
    """The first is granted as far as 2.00 an hour go, and sets off the block that refuses the second."""
    granted = await _authorised(office, organization_id, "fast", user=DESK)
    assert (granted.granted_seconds, granted.final) == (200, True)
    assert (await office.end(organization_id, "fast", 100)).charged_micros == 1_000_000
    refused = await office.authorise(organization_id, "blocked", user=DESK)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.BLOCKED


async def _owed_call(office: Office, organization_id: str, cheap: str) -> None:
    """Of 6.00, 2.91 is there; at half the price 0.09 is owed still, of which 0.06 is repaid."""
    owed = await _told(office, organization_id, "owed", CALLEE, 600)
    assert (owed.charged_micros, owed.owed_micros) == (6_000_000, 3_090_000)
    assert (await _corrected(office, organization_id, "owed", cheap)).owed_micros == 90_000
    await office.grant(organization_id, 60_000)


async def _authorised(office: Office, organization_id: str, session_id: str, **fields: Any) -> Granted:
    content = {"service": Service.OUTBOUND, "caller": SALES_NUMBER, "callee": CALLEE, "answered": True, **fields}
    granted = await office.execute(Authorise(organization_id=organization_id, session_id=session_id, **content))
    assert isinstance(granted, Granted), granted
    return granted


async def _told(office: Office, organization_id: str, record_id: str, callee: str, seconds: int) -> Recorded:
    record = RecordCall(
        organization_id=organization_id,
        record_id=record_id,
        service=Service.OUTBOUND,
        caller=SALES_NUMBER,
        callee=callee,
        started_at=office.clock.now - timedelta(hours=3),
        duration_seconds=seconds,
    )
    recorded = await office.execute(record)
    assert isinstance(recorded, Recorded), recorded
    return recorded


async def _corrected(office: Office, organization_id: str, session_id: str, rate_deck_id: str) -> Recorded:
    corrected = await office.execute(
        CorrectCall(
            organization_id=organization_id, session_id=session_id, command_id="corrected", rate_deck_id=rate_deck_id
        )
    )
    assert isinstance(corrected, Recorded), corrected
    return corrected
