"""The question "may this user call that number now?" gets the answer that the call would get, and changes nothing."""

import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import AssignRateDeck, Authorise, CallType, Service
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.core.plans import Source
from commcredits.core.roster import (
    CallsWithoutUser,
    ConferenceDialOut,
    DialOutPolicy,
    Licence,
    Limits,
    PartyKind,
    UserDialOut,
)
from commcredits.operations.blocks import set_block
from commcredits.operations.may_call import CallAnswer, may_call
from commcredits.operations.numbers import add_number, assign_number
from commcredits.operations.people import PartyInfo
from commcredits.operations.rules import Rules, save_rules
from commcredits.operations.tariffs import assign_rate_deck
from tests.operations.colleagues import add, change, hold
from tests.operations.office import HEADER, NOON, Office, new_id, open_office
from tests.operations.policed import BRITISH, CREDITS, ROMANIAN, Firm, open_firm

UNIT = 1_000_000
PREMIUM = "+40906123456"
SALES_NUMBER = "+40211230001"
QUEUE_NUMBER = "+40800123456"


async def ask(firm: Firm, callee: str = BRITISH, **fields: str) -> CallAnswer:
    """The answer; the question must make sense."""
    answered = await may_call(firm.office.services, organization_id=firm.organization_id, callee=callee, **fields)
    assert isinstance(answered, CallAnswer), answered
    return answered


async def everything(office: Office) -> str:
    """Every row of the tables that a call may change."""
    tables = ("accounts", "rosters", "call_sessions", "meters", "blocks", "journal", "commands", "live_calls")
    texts = []
    for table in tables:
        rows = await office.services.pool.fetch(f"select t::text as row from {table} t order by 1")  # noqa: S608 - names of this test
        texts += [row["row"] for row in rows]
    return "\n".join(texts)


async def test_a_user_is_told_what_pays_what_is_left_and_how_long_it_lasts(office: Office) -> None:
    firm = await open_firm(office, funds_micros=6 * UNIT)
    sales = await firm.hire("sales.1", Licence.DOMESTIC_120, CREDITS)
    before = await everything(office)
    answered = await ask(firm, ROMANIAN, user="Sales.1@example.com")
    answer = answered.answer
    assert (answer.allowed, answered.currency, answer.first) == (True, "EUR", Source.DOMESTIC_POOL)
    assert answer.party is not None
    assert answer.party.party_id == sales.party.party_id
    assert answer.pool is not None
    assert (answer.pool.left, answer.included_seconds, answer.seconds_max) == (120, 7_200, 13_200)
    assert await everything(office) == before


async def test_the_caller_of_a_user_is_told_by_the_number_that_the_user_has(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1")
    await number_of(firm, SALES_NUMBER, "sales.1@example.com")
    assert (await ask(firm, user="sales.1@example.com")).answer.call.caller == SALES_NUMBER
    assert (await ask(firm, user="nobody@example.com")).answer.call.caller == ""
    by_number = (await ask(firm, caller=SALES_NUMBER)).answer
    assert by_number.party is not None
    assert by_number.party.user_principal_name == "sales.1@example.com"


async def number_of(firm: Firm, number: str, user: str, kind: str = "user", purpose: str = "person") -> None:
    services = firm.office.services
    await add_number(services, organization_id=firm.organization_id, number=number, kind=kind, display_name="")
    await assign_number(services, organization_id=firm.organization_id, number=number, purpose=purpose, user=user)


async def test_a_rate_bound_to_the_callers_country_counts_as_in_the_call(office: Office) -> None:
    header = f"{HEADER},origin_country"
    rates = f"{header}\n44,Britain,outbound,0.60,0,1,1,2020-01-01,,\n44,Britain,outbound,0.10,0,1,1,2020-01-01,,RO\n"
    firm = await open_firm(office)
    await firm.hire("sales.1")
    await number_of(firm, SALES_NUMBER, "sales.1@example.com")
    deck = await office.deck(content=rates.encode())
    await assign_rate_deck(
        office.services,
        organization_id=firm.organization_id,
        command_id=new_id(),
        rate_deck_id=deck.rate_deck_id,
    )
    for caller, price in ((SALES_NUMBER, 100_000), ("+4930123456", 600_000)):
        standing = (await ask(firm, caller=caller)).answer.credits
        assert standing is not None
        assert standing.first_minute_micros == price


async def test_a_deck_that_is_laid_ready_counts_from_its_instant_on(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1")
    cheap = await office.deck(content=f"{HEADER}\n44,Britain,outbound,0.10,0,1,1,2020-01-01,\n".encode())
    later = AssignRateDeck(
        organization_id=firm.organization_id,
        command_id=new_id(),
        rate_deck_id=cheap.rate_deck_id,
        rate_deck_currency="EUR",
        in_force_at=NOON + timedelta(hours=1),
    )
    await office.execute(later)
    for hours, price in ((0, 600_000), (1, 100_000)):
        office.clock.now = NOON + timedelta(hours=hours)
        standing = (await ask(firm, user="sales.1@example.com")).answer.credits
        assert standing is not None
        assert standing.first_minute_micros == price


async def test_the_operators_own_terms_count_as_in_the_call(database_url: str) -> None:
    charging = ChargingTerms(slice_seconds=60, plan_countries=frozenset({"DE"}))
    async with open_office(database_url, charging=charging) as office:
        firm = await open_firm(office)
        await firm.hire("sales.1", Licence.DOMESTIC_AND_INTERNATIONAL, CREDITS)
        answer = (await ask(firm, user="sales.1@example.com")).answer
        assert answer.row is not None
        assert isinstance(answer.outcome, Granted)
        assert (answer.row.number, answer.outcome.granted_seconds) == (5, 60)


async def test_an_emergency_call_may_always_be_made(office: Office) -> None:
    firm = await open_firm(office, funds_micros=0)
    await firm.hire("sales.1")
    await firm.rule(Limits(calls_max=0), dial_out=DialOutPolicy(user=UserDialOut.NONE))
    for callee, fields in (
        ("112", {"user": "sales.1@example.com"}),
        ("+112", {}),
        ("112", {"call_type": "emergency_out"}),
        (BRITISH, {"service": "emergency"}),
    ):
        answer = (await ask(firm, callee, **fields)).answer
        assert (answer.allowed, answer.first) == (True, Source.NEVER_CHARGED)


WRONG: list[tuple[str, dict[str, str]]] = [
    ("callee", {"callee": ""}),
    ("callee", {"callee": "112", "service": "toll_in"}),
    ("callee", {"callee": "0212345678"}),
    ("callee", {"callee": "+4021\x00"}),
    ("callee", {"callee": "sales", "service": "emergency"}),
    ("caller", {"caller": "0212345678"}),
    ("caller", {"caller": "+4021 234"}),
    ("user", {"user": "x" * 321}),
    ("user", {"user": "two\nlines"}),
    ("user", {"user": ""}),
    ("service", {"service": "fax"}),
    ("service", {"service": "toll_in", "call_type": "user_out"}),
    ("call_type", {"call_type": "fax_out"}),
    ("conference_id", {"conference_id": "two words"}),
]


async def test_a_question_that_makes_no_sense_is_named(office: Office) -> None:
    firm = await open_firm(office)
    for named, wrong in WRONG:
        given = {"callee": BRITISH, "user": "sales.1@example.com", **wrong}
        if wrong == {"callee": "112", "service": "toll_in"}:
            # A short number of an emergency service is one, whatever else is said.
            assert (await ask(firm, **given)).answer.allowed
            continue
        refused = await may_call(office.services, organization_id=firm.organization_id, **given)
        assert isinstance(refused, Refused), wrong
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, named), wrong


async def test_an_unknown_organization_may_call_nobody(office: Office) -> None:
    refused = await may_call(office.services, organization_id=new_id(), callee=BRITISH, user="sales.1@example.com")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_ORGANIZATION


async def test_no_organization_is_answered_by_anothers_people_or_numbers(office: Office) -> None:
    ours, theirs = await open_firm(office), await open_firm(office)
    foreign = await theirs.hire("sales.1")
    await number_of(theirs, SALES_NUMBER, "sales.1@example.com")
    await ours.rule(Limits())
    for name in ("sales.1@example.com", foreign.party.party_id):
        outcome = (await ask(ours, user=name)).answer.outcome
        assert isinstance(outcome, Refused)
        assert outcome.code is RefusalCode.UNKNOWN_USER
    assert (await ask(ours, caller=SALES_NUMBER)).answer.party is None


# ---- any organization, any call


async def any_firm(office: Office, chance: random.Random) -> Firm:
    """A firm in which anything may stand against a call, some of whose pools and caps are near their end."""
    firm = await open_firm(office, funds_micros=chance.choice([0, UNIT, 50 * UNIT]))
    if chance.random() < 0.15:
        return firm  # a plain wallet
    plan = chance.choice([Licence.DOMESTIC_120, Licence.DOMESTIC_AND_INTERNATIONAL, Licence.PAY_AS_YOU_GO_1])
    licences = [plan, *(each for each in (CREDITS, Licence.AUDIO_CONFERENCING) if chance.random() < 0.7)]
    fields = {"department": chance.choice(["Sales", ""]), "usage_location": chance.choice(["RO", "RO", "GB", ""])}
    sales = await add(office, firm.organization_id, "sales.1", **fields)
    await hold(office, firm.organization_id, sales, *licences)
    queue = await add(office, firm.organization_id, "queue", kind=PartyKind.RESOURCE_ACCOUNT)
    await add(office, firm.organization_id, "shared", shared_calling_account=queue.party.party_id)
    if chance.random() < 0.4:
        await change(office, firm.organization_id, "sales.1@example.com", **any_settings(chance))
    await save_rules(office.services, organization_id=firm.organization_id, rules=any_rules(chance))
    await some_numbers(firm, chance)
    await near_the_end(firm, chance, sales)
    return firm


def any_settings(chance: random.Random) -> dict[str, Any]:
    return {
        "dial_out": chance.choice([None, DialOutPolicy(user=UserDialOut.DOMESTIC)]),
        "premium_allowed": chance.choice([None, True, False]),
        "monthly_cap_micros": chance.choice([None, 0, UNIT]),
    }


def any_rules(chance: random.Random) -> Rules:
    if chance.random() < 0.3:
        return Rules()

    def limit(*choices: int) -> int | None:
        return chance.choice([None, None, None, *choices])

    return Rules(
        dial_out=DialOutPolicy(
            conference=chance.choice(list(ConferenceDialOut)),
            user=chance.choice([UserDialOut.INTERNATIONAL_AND_DOMESTIC, *UserDialOut]),
        ),
        premium_allowed=chance.random() < 0.5,
        calls_without_user=chance.choice(list(CallsWithoutUser)),
        international_stops_both=chance.random() < 0.3,
        limits=Limits(
            calls_max=limit(0, 1, 5),
            user_calls_max=limit(1),
            user_monthly_max_micros=limit(0, UNIT),
            department_monthly_max_micros={"Sales": UNIT} if chance.random() < 0.3 else {},
            user_hourly_max_micros=limit(UNIT),
            destination_daily_max_micros=limit(UNIT),
            toll_free_caller_daily_max_micros=limit(0, UNIT),
        ),
    )


async def some_numbers(firm: Firm, chance: random.Random) -> None:
    """Numbers belong to one organization each, so that not all of them can have these."""
    if chance.random() < 0.5:
        digits = chance.randrange(10**6)
        firm.numbers = (f"+40211{digits:06d}", f"+40801{digits:06d}", f"+40212{digits:06d}")
        await number_of(firm, firm.numbers[0], "sales.1@example.com")
        await number_of(firm, firm.numbers[1], "queue@example.com", "toll_free", "call_queue")
        await add_number(
            firm.office.services,
            organization_id=firm.organization_id,
            number=firm.numbers[2],
            kind="user",
            display_name="",
        )


async def near_the_end(firm: Firm, chance: random.Random, sales: PartyInfo) -> None:
    """Calls that run already, pools that are nearly used up, somebody who is blocked."""
    for key, minutes in (("pool:MCOPSTN5:RO", 120), ("pool:MCOPSTN2:RO", 1_200), ("pool:MCOMEETADV", 60)):
        if chance.random() < 0.5:
            await firm.office.services.pool.execute(
                "insert into meters (shard_id, organization_id, key, period, used, held) values (0, $1, $2, $3, $4, 0)",
                firm.organization_id,
                key,
                "2026-11",
                minutes - chance.choice([0, 1]),
            )
    if chance.random() < 0.2:
        kind, subject = chance.choice([("user", sales.party.party_id), ("destination", "GB")])
        await set_block(
            firm.office.services,
            organization_id=firm.organization_id,
            command_id=new_id(),
            kind=kind,
            subject=subject,
        )
    await firm.recount()
    for number in range(chance.randrange(3)):
        await firm.ask(f"running-{number}", sales, callee=chance.choice([ROMANIAN, BRITISH]), slice_seconds=60)


def any_call(firm: Firm, chance: random.Random) -> dict[str, str]:
    inbound = chance.random() < 0.2
    own = chance.choice([*firm.numbers, "+40213999999"])
    other = chance.choice([ROMANIAN, BRITISH, "+2634123456", PREMIUM, "+4930123456", "112"])
    service = chance.choice(["toll_in", "toll_free_in"] if inbound else ["outbound", "outbound", "conference_dial_out"])
    call = {"service": service, "caller": own, "callee": other}
    if inbound:
        call |= {"caller": other if other != "112" else BRITISH, "callee": own}
    if chance.random() < 0.5:
        users = ["sales.1@example.com", "SALES.1@example.com", "shared@example.com", "queue@example.com", "nobody@x.ro"]
        call["user"] = chance.choice(users)
    if not inbound and chance.random() < 0.3:
        call_types = [CallType.USER_OUT, CallType.USER_OUT_TRANSFER, CallType.UCAP_OUT, CallType.DR_OUT]
        call |= {"service": "outbound", "call_type": chance.choice(call_types)}
    return call


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_the_organization_the_answer_is_what_the_call_then_gets(office: Office, seed: int) -> None:
    chance = random.Random(seed)
    codes: set[RefusalCode | None] = set()
    for _ in range(5):
        firm = await any_firm(office, chance)
        for number in range(12):
            call = any_call(firm, chance)
            if call["callee"] == "112":
                call.pop("call_type", None)
            answer = (await ask(firm, **call)).answer
            told = await office.execute(
                msgspec.structs.replace(answer.call, session_id=f"call-{number}", slice_seconds=None)
            )
            assert told == answer.outcome, call
            assert isinstance(told, Granted | Refused)
            codes.add(told.code if isinstance(told, Refused) else None)
    assert len(codes) > 3, "too tame to show anything"


async def test_what_the_listener_would_ask_for_is_what_is_asked(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1")
    call = (await ask(firm, user="sales.1@example.com", caller=SALES_NUMBER, conference_id="conf-1")).answer.call
    assert call == Authorise(
        organization_id=firm.organization_id,
        session_id="",
        service=Service.OUTBOUND,
        caller=SALES_NUMBER,
        callee=BRITISH,
        user="sales.1@example.com",
        conference_id="conf-1",
    )
    inbound = (await ask(firm, callee=QUEUE_NUMBER, call_type="ucap_in")).answer.call
    assert (inbound.service, inbound.call_type) == (Service.TOLL_IN, CallType.UCAP_IN)
