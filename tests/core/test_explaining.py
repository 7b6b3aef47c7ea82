"""May this call be made, and why not: the answer is authorise's own, complete, and says what would change it."""

from datetime import timedelta

from msgspec.structs import replace

from commcredits.core.account import Context, OrganizationStatus, Surroundings
from commcredits.core.commands import Authorise, Service
from commcredits.core.explaining import Answer, explain
from commcredits.core.meters import Meter
from commcredits.core.outcomes import Granted, Refused
from commcredits.core.plans import Source
from commcredits.core.pools import pool_minutes
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.core.roster import (
    CallsWithoutUser,
    DialOutPolicy,
    Licence,
    Limits,
    PartyKind,
    PoolSize,
    Roster,
    UserDialOut,
)
from tests.core.books import ORGANIZATION, Books, books, rate, units
from tests.core.people import (
    BRITISH,
    DOMESTIC,
    PREMIUM,
    QUEUE,
    SALES,
    SALES_NUMBER,
    SUPPORT,
    ZIMBABWEAN,
    people,
    user,
)

CREDITS = Licence.COMMUNICATIONS_CREDITS
RATES = (
    rate(prefix="40", per_minute="0.06", fee="0.02"),
    rate(prefix="44", per_minute="0.60"),
    rate(prefix="40800", per_minute="0.10", service=Service.TOLL_FREE_IN),
    rate(prefix="44", per_minute="0.30", service=Service.CONFERENCE_DIAL_OUT),
)
ABROAD = Authorise(
    organization_id=ORGANIZATION, session_id="call", service=Service.OUTBOUND, caller=SALES_NUMBER, callee=BRITISH
)
HOME = replace(ABROAD, callee=DOMESTIC)
POOL = ("pool:MCOPSTN5:RO", "2026-11")


def office(*licences: Licence, balance: str = "10", limits: Limits | None = None, rules: Roster | None = None) -> Books:
    """A user of the sales department with these licences, another user and a queue."""
    return people(
        books(*RATES, balance=balance, time_zone="Europe/Bucharest"),
        user(SALES, *licences, department="Sales"),
        user(SUPPORT),
        user(QUEUE, kind=PartyKind.RESOURCE_ACCOUNT),
        rules=rules,
        limits=limits,
    )


def ask(account: Books, call: Authorise = ABROAD) -> Answer:
    """The answer, which is the one that authorise gives."""
    context = Context(
        now=account.now,
        new_id=lambda: "never",
        decks=account.decks,
        charging=account.charging,
        funding=account.funding,
    )
    around = Surroundings(lines=account.lines, parties=account.parties, meters=account.meters)
    answer = explain(account.account, call, context, around)
    told = account.look(call).outcome
    assert answer.outcome == told
    assert answer.allowed is isinstance(told, Granted)
    return answer


def test_a_domestic_call_is_paid_by_the_pool_and_says_what_is_left_of_it() -> None:
    account = office(Licence.DOMESTIC_120, CREDITS)
    account.meters[POOL] = Meter(key=POOL[0], period=POOL[1], used=100, held=5)
    answer = ask(account, HOME)
    assert answer.row is not None
    assert (answer.row.number, answer.row.situation) == (2, "domestic, with a plan that has minutes")
    assert answer.party is not None
    assert (answer.party.party_id, answer.user, answer.first) == (SALES, None, Source.DOMESTIC_POOL)
    pool = answer.pool
    assert pool is not None
    assert (pool.minutes, pool.used, pool.held, pool.left, pool.month) == (120, 100, 5, 15, "2026-11")
    assert answer.credits is not None
    assert answer.credits.begins_at == account.now + timedelta(minutes=15)
    assert answer.would_change_it == ()


def test_credits_say_their_rate_the_balance_and_how_long_it_lasts() -> None:
    account = office(CREDITS, balance="6")
    answer = ask(account)
    assert (answer.first, answer.pool, answer.included_seconds, answer.seconds_max) == (Source.CREDITS, None, 0, 600)
    standing = answer.credits
    assert standing is not None
    assert standing.rate is not None
    assert (standing.rate.prefix, standing.first_minute_micros) == ("44", units("0.60"))
    assert (standing.available_micros, standing.spendable_micros, standing.bound_by) == (units("6"), units("6"), "")
    assert standing.affordable_seconds == 600


def test_a_call_goes_on_by_credits_after_its_minutes() -> None:
    account = office(Licence.DOMESTIC_120, CREDITS, balance="0.14")
    answer = ask(account, HOME)
    assert (answer.included_seconds, answer.seconds_max) == (7_200, 7_320)
    assert answer.credits is not None
    assert answer.credits.first_minute_micros == units("0.08")


def test_limits_say_what_is_left_of_them_and_which_one_binds() -> None:
    limits = Limits(calls_max=10, user_monthly_max_micros=units("5"), user_hourly_max_micros=units("3"))
    account = office(CREDITS, limits=limits)
    account.authorise("running", caller=SALES_NUMBER, callee=BRITISH, slice_seconds=60)
    answer = ask(account)
    assert [(each.binding.key, each.used, each.held, each.left) for each in answer.limits] == [
        ("calls", 0, 1, 9),
        (f"cap:user:{SALES}", 0, units("0.60"), units("4.40")),
        (f"velocity:user:{SALES}", 0, units("0.60"), units("2.40")),
    ]
    assert answer.credits is not None
    assert answer.credits.bound_by == f"velocity:user:{SALES}"
    assert (answer.credits.available_micros, answer.credits.spendable_micros) == (units("9.40"), units("2.40"))
    assert answer.seconds_max == 240


def test_a_plain_wallet_has_no_row_and_draws_on_credits() -> None:
    answer = ask(books(*RATES, balance="6"))
    assert (answer.row, answer.party, answer.first, answer.limits) == (None, None, Source.CREDITS, ())
    assert answer.seconds_max == 600


def test_an_emergency_is_never_charged_whoever_asks() -> None:
    for account in (books(*RATES), office(limits=Limits(calls_max=0)), closing(office())):
        answer = ask(account, replace(ABROAD, callee="112", service=Service.EMERGENCY))
        assert answer.row is not None
        assert (answer.row.number, answer.first, answer.credits) == (20, Source.NEVER_CHARGED, None)
        assert (answer.allowed, answer.seconds_max, answer.would_change_it) == (True, CALL_SECONDS_MAX, ())


def test_what_costs_nothing_lasts_without_end() -> None:
    account = office(balance="0")
    incoming = replace(ABROAD, caller=BRITISH, callee=SALES_NUMBER, service=Service.TOLL_IN)
    answer = ask(account, incoming)
    assert (answer.first, answer.credits, answer.seconds_max) == (Source.FREE, None, CALL_SECONDS_MAX)


def test_shared_calling_names_whose_call_it_is_and_whose_plan_pays() -> None:
    account = office()
    sales = account.parties[SALES]
    assert sales is not None
    account.parties[SALES] = replace(sales, shared_calling_account=QUEUE)
    answer = ask(account)
    assert answer.row is not None
    assert answer.party is not None
    assert answer.user is not None
    assert (answer.row.number, answer.party.party_id, answer.user.party_id) == (19, QUEUE, SALES)


def closing(account: Books) -> Books:
    account.account = replace(account.account, status=OrganizationStatus.CLOSING)
    return account


def used_up(account: Books, *keys: str, period: str = "2026-11") -> Books:
    """The books with nothing left of these pools."""
    roster = account.account.roster
    assert roster is not None
    for key in keys:
        account.meters[key, period] = Meter(key=key, period=period, used=pool_minutes(roster, key, "RO"))
    return account


def keys(account: Books, call: Authorise = ABROAD) -> tuple[str, ...]:
    """What would change the answer to a call that is refused."""
    answer = ask(account, call)
    assert isinstance(answer.outcome, Refused)
    assert answer.seconds_max == 0
    return answer.would_change_it


def test_each_refusal_says_what_would_change_it() -> None:
    month_ends = "wait_until:2026-11-30T22:00:00Z"
    assert keys(office(CREDITS, balance="0")) == ("add_funds",)
    assert keys(office()) == ("assign_licence:MCOPSTNC",)
    empty = used_up(office(CREDITS, Licence.DOMESTIC_120, balance="0"), POOL[0])
    assert keys(empty, HOME) == ("add_funds", "assign_licence:MCOPSTN5", month_ends)
    unpooled = used_up(office(CREDITS, Licence.DOMESTIC_120_UNPOOLED, balance="0"), f"pool:MCOPSTN8:{SALES}")
    assert keys(unpooled, HOME) == ("add_funds", month_ends)
    assert keys(closing(office(CREDITS))) == ("reopen_organization",)
    assert keys(office(CREDITS), replace(ABROAD, callee=ZIMBABWEAN)) == ("import_rate",)
    assert keys(office(CREDITS), replace(ABROAD, callee=PREMIUM)) == (
        "change_rules:premium_allowed",
        "change_user:premium_allowed",
    )
    assert keys(office(CREDITS), replace(ABROAD, user="nobody@example.com")) == ("add_user",)


def test_a_pool_counted_by_purchased_licences_wants_one_more_bought() -> None:
    rules = Roster(version=1, purchased={"MCOPSTN5/RO": 1}, pool_size_by={"MCOPSTN5": PoolSize.PURCHASED})
    account = used_up(office(Licence.DOMESTIC_120, rules=rules), POOL[0])
    assert "buy_licence:MCOPSTN5" in keys(account, HOME)


def test_a_pool_that_gave_far_more_than_it_has_is_not_filled_by_one_licence() -> None:
    account = office(Licence.DOMESTIC_120)
    account.meters[POOL] = Meter(key=POOL[0], period=POOL[1], used=240)
    assert "assign_licence:MCOPSTN5" not in keys(account, HOME)


def test_the_strict_reading_of_two_pools_is_named_where_it_is_what_stops() -> None:
    rules = Roster(version=1, international_stops_both=True)
    account = office(Licence.DOMESTIC_AND_INTERNATIONAL, rules=rules)
    used_up(account, "pool:MCOPSTN2:RO:international")
    answer = ask(account, HOME)
    assert answer.stopped_by is not None
    assert answer.pool is not None
    assert (answer.stopped_by.left, answer.pool.left, answer.allowed) == (0, 1_200, False)
    assert "change_rules:international_stops_both" in answer.would_change_it


def test_a_cap_ends_with_its_period_and_a_block_does_not() -> None:
    cap = office(CREDITS, limits=Limits(department_monthly_max_micros={"Sales": units("0.60")}))
    cap.do(replace(ABROAD, session_id="running"))
    assert keys(cap) == ("raise_limit:cap:department:Sales", "wait_until:2026-11-30T22:00:00Z")
    never = office(CREDITS, limits=Limits(department_monthly_max_micros={"Sales": 0}))
    assert keys(never) == ("raise_limit:cap:department:Sales",)
    velocity = office(CREDITS, limits=Limits(user_hourly_max_micros=0))
    assert keys(velocity) == (f"raise_limit:velocity:user:{SALES}",)
    velocity.do(ABROAD)
    (block,) = velocity.account.blocks
    assert keys(velocity, replace(ABROAD, session_id="again")) == (f"lift_block:{block.block_id}",)
    busy = office(CREDITS, limits=Limits(calls_max=1))
    busy.do(replace(ABROAD, session_id="running"))
    assert keys(busy) == ("raise_limit:calls", "end_call")
    assert keys(office(CREDITS, limits=Limits(calls_max=0))) == ("raise_limit:calls",)


def test_a_policy_of_ones_own_is_named_as_such() -> None:
    nowhere = DialOutPolicy(user=UserDialOut.NONE)
    assert keys(office(CREDITS, rules=Roster(version=1, dial_out=nowhere))) == (
        "change_policy:user",
        "change_user_policy:user",
    )
    account = office(CREDITS)
    sales = account.parties[SALES]
    assert sales is not None
    account.parties[SALES] = replace(sales, dial_out=nowhere)
    assert keys(account) == ("change_user_policy:user",)
    account.parties[SALES] = replace(sales, dial_out=DialOutPolicy(user=UserDialOut.DOMESTIC), usage_location="")
    assert keys(account, HOME) == ("change_user_policy:user", "set_usage_location")


def test_a_call_of_nobodys_is_told_whose_it_could_be() -> None:
    account = office(rules=Roster(version=1, calls_without_user=CallsWithoutUser.REFUSED))
    nobody = replace(ABROAD, caller="+40211239999")
    assert keys(account, nobody) == ("name_user", "change_rules:calls_without_user")
    line = account.lines[SALES_NUMBER]
    assert line is not None
    account.lines["+40211239999"] = replace(line, number="+40211239999", party_id=None)
    assert "assign_number:+40211239999" in keys(account, nobody)
