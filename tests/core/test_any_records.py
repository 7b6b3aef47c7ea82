"""Whatever is told after the fact, and however it is priced anew, money is neither made nor lost.

Records of any length and time meet any balance; decks of any price take each other's place; funds of any kind come.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.core.calendar import month_of
from commcredits.core.commands import CallType, CorrectCall, GrantPromotion, ImportLot, RecordCall, Service
from commcredits.core.ledger import LedgerAccount
from commcredits.core.money import divide_up
from commcredits.core.outcomes import LotGranted, Outcome, Recorded, RefusalCode, Refused
from commcredits.core.rating import price_micros
from commcredits.core.roster import Licence
from commcredits.core.tariffs import Rate, index_deck
from tests.core.audit_people import audit_people
from tests.core.books import CALLEE, CALLER, DECK, NOON, ORGANIZATION, Books, books, rate
from tests.core.people import DOMESTIC, SALES, SALES_NUMBER, people, user
from tests.core.rates import rates

OTHER = "deck-2"
UNIT = 1_000_000
DOMESTIC_MINUTES = 120

durations = st.one_of(st.integers(0, 7_200), st.sampled_from([0, 1, 59, 60, 61]))
balances = st.one_of(st.just(0), st.integers(1, 3 * UNIT))
ages = st.integers(7_200, 40 * 86_400)


def opened(balance_micros: int, first: Rate, second: Rate | None = None, lots: int = 1) -> Books:
    """Books with so much in so many equal lots, whose calls one deck prices and another could."""
    opened = books(first)
    opened.decks = {**opened.decks, OTHER: index_deck(OTHER, "EUR", [second or first])}
    for number in range(lots if balance_micros >= lots else 0):
        fund(opened, balance_micros // lots, days=30 + number)
    return opened


def fund(books: Books, amount_micros: int, *, days: int = 365, opening: bool = False) -> None:
    """New funds, given or moved in."""
    expires_at = books.now + timedelta(days=days)
    command_id = f"funds-{next(books.ids)}"
    command: GrantPromotion | ImportLot
    if opening:
        command = ImportLot(
            organization_id=ORGANIZATION,
            command_id=command_id,
            amount_micros=amount_micros,
            purchased_at=books.now,
            expires_at=expires_at,
        )
    else:
        command = GrantPromotion(
            organization_id=ORGANIZATION,
            command_id=command_id,
            amount_micros=amount_micros,
            expires_at=expires_at,
            reason="welcome",
        )
    assert isinstance(books.do(command), LotGranted)


def record_of(number: int, seconds: int, *, age: int = 7_200, callee: str = CALLEE) -> RecordCall:
    """A call that began so many seconds ago."""
    return RecordCall(
        organization_id=ORGANIZATION,
        record_id=f"record-{number}",
        service=Service.OUTBOUND,
        caller=CALLER,
        callee=callee,
        started_at=NOON - timedelta(seconds=age),
        duration_seconds=seconds,
        call_type=CallType.USER_OUT,
    )


def correct(books: Books, deck: str, number: int = 0) -> Outcome:
    """A call priced by a deck, under an id that was never used."""
    command = CorrectCall(
        organization_id=ORGANIZATION,
        session_id=f"record-{number}",
        command_id=f"correction-{next(books.ids)}",
        rate_deck_id=deck,
    )
    return books.do(command)


def worth(books: Books) -> int:
    """What the organization could spend, less what it owes."""
    return books.available_micros - books.account.owed_micros


@given(first=rates, balance=balances, lots=st.integers(1, 3), calls=st.lists(durations, min_size=1, max_size=6))
def test_what_calls_cost_is_drawn_or_owed_to_the_millionth(
    first: Rate, balance: int, lots: int, calls: Sequence[int]
) -> None:
    books = opened(balance, first, lots=lots)
    before = worth(books)

    outcomes = [books.do(record_of(number, seconds)) for number, seconds in enumerate(calls)]

    charged = [outcome.charged_micros for outcome in outcomes if isinstance(outcome, Recorded)]
    assert charged == [price_micros(first, seconds) for seconds in calls], "the balance has no say in what a call costs"
    assert worth(books) == before - sum(charged)
    assert books.ledger_micros(LedgerAccount.REVENUE_OUTBOUND) == sum(charged)
    assert books.account.owed_micros == max(0, sum(charged) - before)
    audit_people(books)


@given(first=rates, balance=balances, calls=st.lists(durations, min_size=1, max_size=4), again=st.data())
def test_a_record_that_is_told_again_changes_nothing(
    first: Rate, balance: int, calls: Sequence[int], again: st.DataObject
) -> None:
    books = opened(balance, first)
    outcomes = [books.do(record_of(number, seconds)) for number, seconds in enumerate(calls)]
    number = again.draw(st.integers(0, len(calls) - 1))
    books.wait(seconds=again.draw(st.integers(0, 86_400)))

    same = books.look(record_of(number, calls[number]))
    other = books.look(record_of(number, calls[number] + 1))

    assert same.outcome == outcomes[number]
    assert isinstance(other.outcome, Refused)
    assert other.outcome.code is RefusalCode.CONFLICT
    for decision in (same, other):
        assert decision.account is books.account
        assert (decision.session, decision.transfers, decision.meters) == (None, (), ())


@given(first=rates, second=rates, balance=balances, lots=st.integers(1, 3), seconds=durations)
def test_a_correction_and_its_opposite_restore_every_lot_and_the_debt(
    first: Rate, second: Rate, balance: int, lots: int, seconds: int
) -> None:
    books = opened(balance, first, second, lots=lots)
    books.do(record_of(0, seconds))
    before = (books.account.lots, books.account.owed_micros, books.call.charged_micros, books.call.owed_micros)
    journal = list(books.journal)

    there = correct(books, OTHER)
    assert isinstance(there, Recorded)
    assert there.charged_micros == price_micros(second, seconds)
    audit_people(books)
    # Debts that were repaid meanwhile by funds that came back are another lot's money by now.
    assume(books.account.owed_micros >= min(before[1], books.call.owed_micros))
    back = correct(books, DECK)

    assert isinstance(back, Recorded), back
    after = (books.account.lots, books.account.owed_micros, books.call.charged_micros, books.call.owed_micros)
    assert after[2:] == before[2:]
    assert worth(books) == sum(lot.free_micros for lot in before[0]) - before[1]
    assert books.journal[: len(journal)] == journal, "what was posted stays as it was posted"
    audit_people(books)
    if before[1] == 0:
        assert {lot.terms.lot_id: lot.free_micros for lot in after[0]} == {
            lot.terms.lot_id: lot.free_micros for lot in before[0]
        }


@given(
    drawn=st.tuples(rates, rates),
    balance=balances,
    calls=st.lists(durations, min_size=1, max_size=4),
    corrections=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([DECK, OTHER])), max_size=8),
    funds=st.lists(st.tuples(st.integers(0, 8), st.integers(1, UNIT)), max_size=3),
)
def test_any_corrections_leave_books_that_agree_and_calls_at_the_price_of_their_deck(
    drawn: tuple[Rate, Rate],
    balance: int,
    calls: Sequence[int],
    corrections: Sequence[tuple[int, str]],
    funds: Sequence[tuple[int, int]],
) -> None:
    first, second = drawn
    books = opened(balance, first, second)
    given_micros = balance
    deck_of = dict.fromkeys(range(len(calls)), DECK)
    for number, seconds in enumerate(calls):
        books.do(record_of(number, seconds))
    for step, (number, deck) in enumerate(corrections):
        for amount in (amount for at, amount in funds if at == step):
            fund(books, amount)
            given_micros += amount
        outcome = correct(books, deck, number)
        if isinstance(outcome, Recorded):
            deck_of[number] = deck
        else:
            assert isinstance(outcome, Refused)
            assert outcome.code is (RefusalCode.CONFLICT if number < len(calls) else RefusalCode.UNKNOWN_SESSION)
        audit_people(books)

    costs = [
        price_micros(first if deck_of[number] == DECK else second, seconds) for number, seconds in enumerate(calls)
    ]
    assert [books.sessions[f"record-{number}"].charged_micros for number in range(len(calls))] == costs
    assert worth(books) == given_micros - sum(costs), "whatever was priced anew, the sum is that of the prices"


@given(
    owed=st.integers(1, 3 * UNIT),
    amount=st.integers(50_000_000, 60_000_000) | st.integers(1, 4 * UNIT),
    kind=st.sampled_from(["promotion", "opening balance", "purchase"]),
)
def test_any_new_funds_repay_what_is_owed_before_anything_else(owed: int, amount: int, kind: str) -> None:
    books = opened(0, _per_second(owed))
    books.do(record_of(0, 1))
    assert books.account.owed_micros == owed
    if kind == "purchase":
        assume(amount >= 50_000_000)
        amount -= amount % 10_000
        books.add_funds(f"{amount // UNIT}.{amount % UNIT:06d}")
    else:
        fund(books, amount, opening=kind == "opening balance")

    assert books.account.owed_micros == max(0, owed - amount)
    assert books.available_micros == max(0, amount - owed)
    assert books.ledger_micros(LedgerAccount.RECEIVABLE) == -books.account.owed_micros
    audit_people(books)


@given(
    calls=st.lists(st.tuples(ages, durations), min_size=1, max_size=8),
    time_zone=st.sampled_from(["UTC", "Europe/Bucharest", "America/New_York", "Pacific/Kiritimati"]),
    first=rates,
)
def test_minutes_are_those_of_the_month_in_which_a_call_began_and_never_more_than_there_are(
    calls: Sequence[tuple[int, int]], time_zone: str, first: Rate
) -> None:
    home = replace(first, prefix="40")
    began = people(books(home, time_zone=time_zone), user(SALES, Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS))
    left: dict[str, int] = {}
    for number, (age, seconds) in enumerate(calls):
        record = record_of(number, seconds, age=age, callee=DOMESTIC)
        month = month_of(record.started_at, time_zone)
        wanted = divide_up(seconds, 60)
        included = min(wanted, left.setdefault(month, DOMESTIC_MINUTES))
        left[month] -= included

        outcome = began.do(replace(record, caller=SALES_NUMBER))

        assert isinstance(outcome, Recorded)
        assert outcome.pool_minutes == included
        assert outcome.charged_micros == price_micros(home, max(0, seconds - included * 60))
    used = {period: meter.used for (key, period), meter in began.meters.items() if key.startswith("pool:")}
    assert {month: minutes for month, minutes in used.items() if minutes} == {
        month: DOMESTIC_MINUTES - minutes for month, minutes in left.items() if minutes < DOMESTIC_MINUTES
    }
    audit_people(began)


@given(ahead=st.integers(1, 10**9), seconds=durations)
def test_a_call_that_is_not_over_is_never_recorded(ahead: int, seconds: int) -> None:
    books = opened(UNIT, _per_second(1))
    later = NOON - timedelta(seconds=seconds) + timedelta(microseconds=ahead)
    for began in (later, datetime.max.replace(tzinfo=UTC)):
        decision = books.look(replace(record_of(0, seconds), started_at=began))
        assert isinstance(decision.outcome, Refused)
        assert decision.outcome.facts["field"] == "started_at"
        assert decision.account is books.account


def _per_second(amount_micros: int) -> Rate:
    """A rate by which the first second costs this much."""
    whole, fraction = divmod(amount_micros * 60, UNIT)
    return rate(per_minute=f"{whole}.{fraction:06d}")
