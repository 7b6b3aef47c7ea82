"""What is said to change a refusal changes it: each key is carried out, and the same call is asked for again."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from hypothesis import assume, event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.core.account import Context, OrganizationStatus, Surroundings
from commcredits.core.calendar import parse_instant
from commcredits.core.commands import Authorise, CallType, Service, SetBlock
from commcredits.core.explaining import Answer, explain
from commcredits.core.meters import Meter
from commcredits.core.outcomes import Granted, Refused
from commcredits.core.pools import pool_minutes, shared_pools
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.core.roster import (
    BlockedKind,
    CallsWithoutUser,
    ConferenceDialOut,
    DialOutPolicy,
    Licence,
    Limits,
    Line,
    NumberKind,
    NumberPurpose,
    Party,
    PartyKind,
    PoolSize,
    Roster,
    UserDialOut,
)
from commcredits.core.tariffs import index_deck
from tests.core.books import DECK, ORGANIZATION, Books, books, rate
from tests.core.people import (
    BRIDGE_NUMBER,
    BRITISH,
    DOMESTIC,
    PREMIUM,
    QUEUE,
    QUEUE_NUMBER,
    SALES,
    SALES_NUMBER,
    SUPPORT,
    SUPPORT_NUMBER,
    ZIMBABWEAN,
    people,
    user,
)

UNIT: Final = 1_000_000
SPARE_NUMBER: Final = "+40211230077"
PLANS: Final = (
    Licence.DOMESTIC_120,
    Licence.DOMESTIC_AND_INTERNATIONAL,
    Licence.DOMESTIC_120_UNPOOLED,
    Licence.PAY_AS_YOU_GO_1,
)
FREELY: Final = DialOutPolicy()
RATES: Final = (
    rate(prefix="40", per_minute="0.06", fee="0.02"),
    rate(prefix="44", per_minute="0.60"),
    rate(prefix="4090", per_minute="2.00"),
    rate(prefix="408", per_minute="0.10", service=Service.TOLL_FREE_IN),
    rate(prefix="44", per_minute="0.30", service=Service.CONFERENCE_DIAL_OUT),
)

amounts = st.none() | st.sampled_from([0, 500_000, 50 * UNIT])
counts = st.none() | st.integers(0, 2)
policies = st.builds(DialOutPolicy, conference=st.sampled_from(ConferenceDialOut), user=st.sampled_from(UserDialOut))
parties = st.builds(
    lambda plan, extra, location, own, premium, toll_free, cap: replace(
        user(SALES, *([plan] if plan else []), *extra, location=location, department="Sales"),
        dial_out=own,
        premium_allowed=premium,
        toll_free_allowed=toll_free,
        monthly_cap_micros=cap,
    ),
    st.none() | st.sampled_from(PLANS),
    st.sets(st.sampled_from([Licence.COMMUNICATIONS_CREDITS, Licence.AUDIO_CONFERENCING])),
    st.sampled_from(["RO", "RO", "GB", ""]),
    st.none() | policies,
    st.none() | st.booleans(),
    st.booleans(),
    amounts,
)
rules = st.builds(
    Roster,
    version=st.just(1),
    pool_size_by=st.sampled_from([{}, {"MCOPSTN5": PoolSize.PURCHASED}]),
    purchased=st.sampled_from([{}, {"MCOPSTN5/RO": 1}]),
    international_stops_both=st.booleans(),
    calls_without_user=st.sampled_from(CallsWithoutUser),
    dial_out=st.just(FREELY) | policies,
    premium_allowed=st.booleans(),
    limits=st.just(Limits())
    | st.builds(
        Limits,
        calls_max=counts,
        user_calls_max=counts,
        user_monthly_max_micros=amounts,
        department_monthly_max_micros=st.just({}) | amounts.map(lambda most: {"Sales": most or 0}),
        user_hourly_max_micros=amounts,
        destination_daily_max_micros=amounts,
        toll_free_caller_daily_max_micros=amounts,
    ),
)
calls = st.builds(
    lambda service, number, other, name, call_type: Authorise(
        organization_id=ORGANIZATION,
        session_id="call",
        service=service,
        caller=other if service in (Service.TOLL_IN, Service.TOLL_FREE_IN) else number,
        callee=number if service in (Service.TOLL_IN, Service.TOLL_FREE_IN) else other,
        user=name,
        call_type=call_type,
    ),
    st.sampled_from([Service.OUTBOUND, *Service]),
    st.sampled_from([SALES_NUMBER, SALES_NUMBER, QUEUE_NUMBER, BRIDGE_NUMBER, SPARE_NUMBER, "+40211239999"]),
    st.sampled_from([DOMESTIC, BRITISH, ZIMBABWEAN, PREMIUM, "+881612345678"]),
    st.sampled_from(["", "", "", "a1@example.com", "nobody@example.com"]),
    st.sampled_from([None, None, None, *CallType]),
)


@st.composite
def offices(draw: st.DrawFn) -> Books:
    """An organization in which much may stand against a call, and pools are near their end."""
    account = people(
        books(*draw(st.sampled_from([RATES, RATES[1:]])), balance=draw(st.sampled_from(["0", "0.50", "20"]))),
        draw(parties),
        user(SUPPORT),
        user(QUEUE, Licence.PAY_AS_YOU_GO_1, kind=PartyKind.RESOURCE_ACCOUNT),
        rules=draw(rules),
    )
    roster = account.account.roster
    assert roster is not None
    account.lines[SPARE_NUMBER] = Line(number=SPARE_NUMBER, kind=NumberKind.USER, purpose=NumberPurpose.UNASSIGNED)
    for key in (*shared_pools(roster, "RO"), f"pool:MCOPSTN8:{SALES}"):
        used = max(0, pool_minutes(roster, key, "RO") - draw(st.sampled_from([0, 0, 3, -60])))
        account.meters[key, "2026-11"] = Meter(key=key, period="2026-11", used=used)
    for number in range(draw(st.integers(0, 2))):
        account.authorise(f"running-{number}", caller=SALES_NUMBER, callee=BRITISH, slice_seconds=30)
    if draw(st.integers(0, 5)) == 0:
        kind = draw(st.sampled_from(BlockedKind))
        subject = SALES if kind is BlockedKind.USER else "GB"
        account.do(SetBlock(organization_id=ORGANIZATION, command_id="block", kind=kind, subject=subject))
    status = draw(st.sampled_from([OrganizationStatus.OPEN] * 9 + [OrganizationStatus.CLOSING]))
    deck = draw(st.sampled_from([DECK] * 9 + [None]))
    account.account = replace(account.account, status=status, rate_deck_id=deck)
    return account


def ask(account: Books, call: Authorise) -> Answer:
    context = Context(
        now=account.now,
        new_id=lambda: "never",
        decks=account.decks,
        charging=account.charging,
        funding=account.funding,
    )
    around = Surroundings(lines=account.lines, parties=account.parties, meters=account.meters)
    return explain(account.account, call, context, around)


def identity(outcome: Granted | Refused) -> tuple[object, ...]:
    """What makes a refusal another one: its code, and which limit or block or rule it is."""
    if isinstance(outcome, Granted):
        return ("granted",)
    names = ("meter", "block_id", "rule_of", "axis", "period")
    return (outcome.code, *(outcome.facts.get(name) for name in names))


@given(offices(), calls)
def test_the_answer_is_what_authorise_says_and_asking_changes_nothing(account: Books, call: Authorise) -> None:
    before = (account.account, dict(account.meters), dict(account.sessions))
    answer = ask(account, call)
    assert answer.outcome == account.look(call).outcome
    assert (account.account, account.meters, account.sessions) == before
    if isinstance(answer.outcome, Granted):
        event("granted")
        assert answer.would_change_it == ()
        assert 0 < answer.seconds_max <= CALL_SECONDS_MAX
        assert answer.first is not None
        granted = answer.outcome
        assert granted.granted_seconds <= max(answer.seconds_max, granted.included_seconds)
        if granted.final:
            assert granted.granted_seconds == answer.seconds_max
    else:
        event(answer.outcome.code)
        assert answer.seconds_max == 0
        assert answer.would_change_it


@given(offices(), calls)
def test_each_of_the_things_that_would_change_a_refusal_does(account: Books, call: Authorise) -> None:
    answer = ask(account, call)
    assume(not answer.allowed)
    for key in answer.would_change_it:
        event(key.partition(":")[0])
        after, again = carried_out(key, account, call, answer)
        assert identity(ask(after, again).outcome) != identity(answer.outcome), key


def carried_out(key: str, account: Books, call: Authorise, answer: Answer) -> tuple[Books, Authorise]:
    """Copies of the books and of the call after what this key says was done."""
    word, _, what = key.partition(":")
    copy = books(*RATES)
    copy.account, copy.decks, copy.now = account.account, account.decks, account.now
    copy.meters, copy.parties, copy.lines = dict(account.meters), dict(account.parties), dict(account.lines)
    if word == "name_user":
        return copy, replace(call, user=SALES)
    DEEDS[word](copy, what, call, answer)
    return copy, call


def _add_funds(copy: Books, _what: str, _call: Authorise, _answer: Answer) -> None:
    copy.grant_promotion("1000", copy.now + timedelta(days=100))


def _licence(copy: Books, what: str, _call: Authorise, answer: Answer) -> None:
    roster, party = copy.account.roster, answer.party
    assert roster is not None
    assert answer.booking is not None
    name = f"{what}/{answer.booking.usage_location}"
    assigned = {**roster.assigned, name: roster.assigned.get(name, 0) + 1}
    purchased = {**roster.purchased, name: roster.purchased.get(name, 0) + 1}
    copy.account = replace(copy.account, roster=replace(roster, assigned=assigned, purchased=purchased))
    if party is not None:
        _change(copy, party, licences=party.licences | {Licence(what)})


def _change(copy: Books, party: Party, **fields: object) -> None:
    changed = replace(party, **fields)
    copy.parties[party.party_id] = copy.parties[party.user_principal_name.lower()] = changed


def _wait(copy: Books, what: str, _call: Authorise, _answer: Answer) -> None:
    copy.now = parse_instant(what)


def _raise_limit(copy: Books, what: str, _call: Authorise, _answer: Answer) -> None:
    roster = copy.account.roster
    assert roster is not None
    limits, high = roster.limits, 10**12
    match what.split(":"):
        case ["calls"]:
            limits = replace(limits, calls_max=100)
        case ["calls", "user", _]:
            limits = replace(limits, user_calls_max=100)
        case ["cap", "user", party_id]:
            limits = replace(limits, user_monthly_max_micros=high)
            party = copy.parties[party_id]
            assert party is not None
            _change(copy, party, monthly_cap_micros=None if party.monthly_cap_micros is None else high)
        case ["cap", "department", name]:
            limits = replace(limits, department_monthly_max_micros={name: high})
        case ["velocity", "user", _]:
            limits = replace(limits, user_hourly_max_micros=high)
        case ["destination", _]:
            limits = replace(limits, destination_daily_max_micros=high)
        case ["caller", _]:
            limits = replace(limits, toll_free_caller_daily_max_micros=high)
        case _:
            raise AssertionError(what)
    copy.account = replace(copy.account, roster=replace(roster, limits=limits))


def _lift(copy: Books, what: str, _call: Authorise, _answer: Answer) -> None:
    copy.lift(what)


def _rules(copy: Books, **fields: object) -> None:
    roster = copy.account.roster
    assert roster is not None
    copy.account = replace(copy.account, roster=replace(roster, **fields))


def _change_rules(copy: Books, what: str, _call: Authorise, _answer: Answer) -> None:
    values = {
        "premium_allowed": True,
        "calls_without_user": CallsWithoutUser.CREDITS,
        "international_stops_both": False,
    }
    _rules(copy, **{what: values[what]})


def _whose(copy: Books, answer: Answer) -> Party:
    """Whom the refusal names."""
    assert isinstance(answer.outcome, Refused)
    party = copy.parties[str(answer.outcome.facts["user"]).lower()]
    assert party is not None
    return party


def _change_user(copy: Books, what: str, _call: Authorise, answer: Answer) -> None:
    _change(copy, _whose(copy, answer), **{what: True})


def _change_policy(copy: Books, _what: str, _call: Authorise, _answer: Answer) -> None:
    _rules(copy, dial_out=FREELY)


def _change_user_policy(copy: Books, _what: str, _call: Authorise, answer: Answer) -> None:
    _change(copy, _whose(copy, answer), dial_out=FREELY)


def _set_location(copy: Books, _what: str, _call: Authorise, answer: Answer) -> None:
    assert isinstance(answer.outcome, Refused)
    _change(copy, _whose(copy, answer), usage_location=answer.outcome.facts["destination_country"])


def _assign_number(copy: Books, what: str, _call: Authorise, _answer: Answer) -> None:
    line = copy.lines[what]
    assert line is not None
    copy.lines[what] = replace(line, purpose=NumberPurpose.PERSON, party_id=SALES)


def _add_user(copy: Books, _what: str, call: Authorise, _answer: Answer) -> None:
    copy.parties[call.user] = user(SUPPORT_NUMBER, name=call.user)


def _import_rate(copy: Books, _what: str, _call: Authorise, _answer: Answer) -> None:
    wide = [rate(prefix=str(digit), service=service) for digit in range(1, 10) for service in Service]
    copy.decks = {DECK: index_deck(DECK, "EUR", wide)}
    copy.account = replace(copy.account, rate_deck_id=DECK)


def _end_call(copy: Books, _what: str, _call: Authorise, answer: Answer) -> None:
    assert isinstance(answer.outcome, Refused)
    meter_id = (str(answer.outcome.facts["meter"]), "")
    copy.meters[meter_id] = replace(copy.meters[meter_id], held=copy.meters[meter_id].held - 1)


def _reopen(copy: Books, _what: str, _call: Authorise, _answer: Answer) -> None:
    copy.account = replace(copy.account, status=OrganizationStatus.OPEN)


DEEDS: Final[dict[str, Callable[[Books, str, Authorise, Answer], None]]] = {
    "add_funds": _add_funds,
    "assign_licence": _licence,
    "buy_licence": _licence,
    "wait_until": _wait,
    "raise_limit": _raise_limit,
    "lift_block": _lift,
    "change_policy": _change_policy,
    "change_user_policy": _change_user_policy,
    "set_usage_location": _set_location,
    "change_rules": _change_rules,
    "change_user": _change_user,
    "assign_number": _assign_number,
    "add_user": _add_user,
    "import_rate": _import_rate,
    "assign_rate_deck": _import_rate,
    "end_call": _end_call,
    "reopen_organization": _reopen,
}


def test_every_key_is_on_the_page_of_policies_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")
    table = page.partition("| Key |")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)", table, re.MULTILINE)) == {*DEEDS, "name_user"}
