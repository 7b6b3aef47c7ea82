"""Every call is explained: the row, the minutes, the crossing, the sum, the lots, the limits and what came later."""

from datetime import date, timedelta

from commcredits.core.access import NOBODY, Actor, ActorKind, Role, permissions_of
from commcredits.core.commands import CorrectCall, End, Expire
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, Limits
from commcredits.operations.call_explaining import CallExplanation, explain_call
from commcredits.operations.call_lookup import CallQuery, look_up_calls
from tests.operations.call_files import new_deck
from tests.operations.office import CALLEE, NOON, Office, new_id
from tests.operations.periods import CHEAPER
from tests.operations.policed import BRITISH, ROMANIAN, Firm, open_firm

CREDITS = Licence.COMMUNICATIONS_CREDITS


async def explained(office: Office, organization_id: str, session_id: str) -> CallExplanation:
    found = await explain_call(office.services, organization_id=organization_id, session_id=session_id)
    assert isinstance(found, CallExplanation), found
    return found


async def empty_but(firm: Firm, minutes: int) -> None:
    await firm.office.services.pool.execute(
        """insert into meters (shard_id, organization_id, key, period, used, held)
        values (0, $1, 'pool:MCOPSTN5:RO', '2026-11', $2, 0)""",
        firm.organization_id,
        120 - minutes,
    )
    await firm.recount()


async def test_a_call_that_outlives_its_pool_is_told_in_both_parts_and_the_sum_is_its_charge(office: Office) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales.1", Licence.DOMESTIC_120, CREDITS)
    await empty_but(firm, 2)
    charged = await firm.call("split", 200, user, callee=ROMANIAN)
    told = await explained(office, firm.organization_id, "split")
    assert told.row is not None
    assert told.row.number == 2
    assert told.minutes is not None
    assert (told.minutes.minutes, told.minutes.included_seconds) == (2, 120)
    assert told.minutes.crossed_at == NOON + timedelta(seconds=120)
    assert told.money is not None
    assert (told.money.seconds, told.money.sum.price_micros, told.call.charged_micros) == (80, charged, charged)
    assert told.lots is not None
    assert [lot.drawn_micros for lot in told.lots] == [charged]
    assert [step.step for step in told.steps] == ["authorise", "end"]
    assert told.user_principal_name == user.party.user_principal_name


async def test_lots_are_told_in_the_order_in_which_they_were_drawn(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=300_000)
    office.clock.advance(seconds=1)
    second = await office.grant(organization, 5_000_000, days=366)
    await office.call(organization, "a", 60)
    told = await explained(office, organization, "a")
    assert told.row is None
    assert told.lots is not None
    assert [(lot.drawn_micros, lot.lot_id == second) for lot in told.lots] == [(300_000, False), (300_000, True)]


async def test_what_was_given_back_later_is_told_with_its_instant(office: Office) -> None:
    organization = await office.calling_organization()
    await office.call(organization, "a", 60)
    office.clock.advance(days=3)
    deck = await new_deck(office, *CHEAPER)
    await office.execute(
        CorrectCall(organization_id=organization, session_id="a", command_id=new_id(), rate_deck_id=deck)
    )
    told = await explained(office, organization, "a")
    assert [(each.at, each.amount_micros) for each in told.later] == [(office.clock.now, 300_000)]
    assert told.money is not None
    assert told.money.sum.price_micros == told.call.charged_micros == 300_000
    assert [step.step for step in told.steps][-1] == "correct"


async def test_a_late_end_gives_back_and_says_so(office: Office) -> None:
    organization = await office.calling_organization()
    await office.authorise(organization, "a", answered=True, slice_seconds=120)
    office.clock.advance(hours=1)
    await office.execute(Expire(organization_id=organization, session_id="a", grant_number=1))
    await office.execute(End(organization_id=organization, session_id="a", used_seconds=30, cause="late"))
    told = await explained(office, organization, "a")
    assert [each.amount_micros for each in told.later] == [900_000]
    assert told.call.charged_micros == 300_000


async def test_a_refused_call_tells_the_answer_that_it_got_and_what_would_change_it(office: Office) -> None:
    firm = await open_firm(office, funds_micros=0)
    user = await firm.hire("sales.1", CREDITS)
    refused = await firm.ask("no", user)
    assert isinstance(refused, Refused)
    told = await explained(office, firm.organization_id, "no")
    assert told.refusal == refused
    assert told.refusal is not None
    assert told.refusal.would_change_it == ("add_funds",)
    assert (told.minutes, told.money, told.lots) == (None, None, ())


async def test_limits_that_bound_a_call_are_told_with_its_share(office: Office) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales.1", CREDITS)
    await firm.rule(Limits(user_monthly_max_micros=10_000_000, calls_max=5))
    await firm.call("a", 60, user)
    told = await explained(office, firm.organization_id, "a")
    assert [(limit.key, limit.period, limit.used) for limit in told.limits] == [
        ("calls", "", 0),
        (f"cap:user:{user.party.party_id}", "2026-11", 600_000),
    ]


async def test_support_sees_a_call_but_not_the_lots(office: Office) -> None:
    organization = await office.calling_organization()
    await office.call(organization, "a", 60)
    support = Actor(
        kind=ActorKind.PERSON,
        actor_id="support",
        name="support",
        permissions=permissions_of((Role.SUPPORT,)),
        organization_id=organization,
    )
    told = await explain_call(office.services.acting_as(support), organization_id=organization, session_id="a")
    assert isinstance(told, CallExplanation)
    assert told.lots is None
    refused = await explain_call(office.services.acting_as(NOBODY), organization_id=organization, session_id="a")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.NOT_PERMITTED


async def test_another_organizations_call_is_as_unknown_as_one_that_is_no_longer_kept(office: Office) -> None:
    organization = await office.calling_organization()
    other = await office.organization("Other")
    await office.call(organization, "a", 60)
    refused = await explain_call(office.services, organization_id=other.organization_id, session_id="a")
    assert isinstance(refused, Refused)
    office.clock.advance(days=366)
    gone = await explain_call(office.services, organization_id=organization, session_id="a")
    assert refused == gone


async def test_numbers_are_shown_and_searched_only_as_far_as_the_country_lets_them(office: Office) -> None:
    organization = await office.calling_organization(country="CH")
    await office.call(organization, "a", 60)
    await office.authorise(organization, "nowhere", callee="+99912345678")
    told = await explained(office, organization, "a")
    assert told.call.callee == CALLEE[:-4] + "****"
    refused = (await explained(office, organization, "nowhere")).refusal
    assert refused is not None
    assert "5678" not in str(refused)
    for number, expected in ((CALLEE, ["a"]), (CALLEE[:-4] + "9999", ["a"]), (CALLEE[:-5] + "19999", [])):
        found = await look_up_calls(
            office.services, organization_id=organization, query=CallQuery(number=number), cursor=None, limit=10
        )
        assert not isinstance(found, Refused)
        assert [each.session_id for each in found.items] == expected


async def test_calls_are_looked_up_by_user_and_time_a_page_at_a_time(office: Office) -> None:
    firm = await open_firm(office)
    one, two = await firm.hire("sales.1", CREDITS), await firm.hire("sales.2", CREDITS)
    for number in range(3):
        office.clock.advance(minutes=10)
        await firm.call(f"one-{number}", 10, one, callee=BRITISH)
        await firm.call(f"two-{number}", 10, two)
    query = CallQuery(user=one.party.user_principal_name.upper())
    asked = {"organization_id": firm.organization_id, "query": query}
    first = await look_up_calls(office.services, **asked, cursor=None, limit=2)  # type: ignore[arg-type] # two kinds of value in one dictionary
    assert not isinstance(first, Refused)
    assert [each.session_id for each in first.items] == ["one-2", "one-1"]
    rest = await look_up_calls(office.services, **asked, cursor=first.next_cursor, limit=2)  # type: ignore[arg-type] # two kinds of value in one dictionary
    assert not isinstance(rest, Refused)
    assert [each.session_id for each in rest.items] == ["one-0"]
    earlier = CallQuery(until=NOON + timedelta(minutes=15))
    found = await look_up_calls(
        office.services, organization_id=firm.organization_id, query=earlier, cursor=None, limit=10
    )
    assert not isinstance(found, Refused)
    assert [each.session_id for each in found.items] == ["two-0", "one-0"]
    assert date(2026, 11, 22) == found.items[0].began_at.date()
