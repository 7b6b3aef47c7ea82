"""Calls told after the fact, and ended calls priced anew: what funds do not cover is owed, and forgiven first."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from commcredits.core.account import Context, SessionState, Surroundings
from commcredits.core.admission import admit, meters_of
from commcredits.core.commands import Authorise, CallType, CorrectCall, RecordCall, Service
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.meters import Meter
from commcredits.core.outcomes import Ended, Granted, Outcome, Recorded, RefusalCode, Refused
from commcredits.core.roster import Block, BlockedKind, BlockReason, Licence, Limits
from commcredits.core.tariffs import index_deck
from tests.core.audit import audit_lots
from tests.core.audit_people import audit_people
from tests.core.books import CALLEE, NOON, ORGANIZATION, Books, books, rate, units
from tests.core.people import DOMESTIC, SALES, SALES_NUMBER, people, user

CHEAP, DEAR, FOREIGN = "cheap", "dear", "foreign"
CREDITS = Licence.COMMUNICATIONS_CREDITS


def opened(balance: str) -> Books:
    """An organization whose minute to CALLEE costs 0.60; 0.30 by one other deck and 1.20 by another."""
    opened = books(rate(), rate(prefix="40", per_minute="0.06"), balance=balance)
    opened.decks = {
        **opened.decks,
        CHEAP: index_deck(CHEAP, "EUR", [rate(per_minute="0.30")]),
        DEAR: index_deck(DEAR, "EUR", [rate(per_minute="1.20")]),
        FOREIGN: index_deck(FOREIGN, "USD", [rate()]),
    }
    return opened


def tell(books: Books, seconds: int = 60, record_id: str = "record", *, callee: str = CALLEE) -> Outcome:
    """A call that was over a moment ago."""
    return books.do(
        RecordCall(
            organization_id=ORGANIZATION,
            record_id=record_id,
            service=Service.OUTBOUND,
            caller=SALES_NUMBER,
            callee=callee,
            started_at=books.now - timedelta(seconds=seconds),
            duration_seconds=seconds,
            call_type=CallType.USER_OUT,
        )
    )


def correct(books: Books, deck: str, session_id: str = "record", command_id: str = "") -> Outcome:
    """The call priced anew by that deck."""
    command = CorrectCall(
        organization_id=ORGANIZATION, session_id=session_id, command_id=command_id or deck, rate_deck_id=deck
    )
    return books.do(command)


def recorded(outcome: Outcome) -> tuple[int, int]:
    """What a call was charged, and what of that is owed."""
    assert isinstance(outcome, Recorded), outcome
    return outcome.charged_micros, outcome.owed_micros


def refused(outcome: Outcome) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def test_a_record_is_charged_from_what_is_free_and_the_rest_is_owed() -> None:
    books = opened("1")
    assert recorded(tell(books, 240)) == (units("2.40"), units("1.40"))
    assert books.account.owed_micros == units("1.40")
    assert -books.ledger_micros(LedgerAccount.RECEIVABLE) == units("1.40")
    assert books.available_micros == 0
    audit_people(books)


def test_the_next_purchase_repays_what_is_owed_first() -> None:
    books = opened("1")
    tell(books, 240)
    books.add_funds("50")
    assert (books.account.owed_micros, books.available_micros) == (0, units("48.60"))
    assert [entry.amount_micros for entry in books.journal if entry.reason is TransferReason.REPAYMENT] == [
        units("1.40")
    ]
    audit_people(books)


def test_the_same_record_again_gets_the_first_answer_and_other_content_is_a_conflict() -> None:
    books = opened("10")
    first = tell(books)
    journal = list(books.journal)
    assert tell(books) == first
    assert refused(tell(books, 61)) is RefusalCode.CONFLICT
    assert books.journal == journal


def test_a_call_that_is_not_over_cannot_be_told() -> None:
    books = opened("10")
    command = RecordCall(
        organization_id=ORGANIZATION,
        record_id="record",
        service=Service.OUTBOUND,
        caller=SALES_NUMBER,
        callee=CALLEE,
        started_at=NOON - timedelta(seconds=59),
        duration_seconds=60,
    )
    assert refused(books.do(command)) is RefusalCode.INVALID_INPUT
    assert books.sessions == {}


def test_a_record_that_nothing_prices_is_a_free_call_until_a_deck_prices_it() -> None:
    books = opened("10")
    outcome = tell(books, callee="+81312345678")
    assert isinstance(outcome, Recorded)
    assert outcome.free_call
    books.decks = {**books.decks, DEAR: index_deck(DEAR, "EUR", [rate(prefix="81")])}
    assert recorded(correct(books, DEAR)) == (units("0.60"), 0)
    assert books.call.cause == "recorded"
    audit_people(books)


def test_a_free_call_counts_on_its_caps_once_it_is_priced() -> None:
    books = people(opened("10"), user(SALES, CREDITS), limits=Limits(user_monthly_max_micros=units("5")))
    tell(books, callee="+81312345678")
    books.decks = {**books.decks, DEAR: index_deck(DEAR, "EUR", [rate(prefix="81")])}
    correct(books, DEAR)
    assert books.meters[f"cap:user:{SALES}", "2026-11"].used == units("0.60")
    audit_people(books)


@pytest.mark.parametrize(("deck", "charged"), [(CHEAP, "0.30"), (DEAR, "1.20")])
def test_a_call_priced_anew_is_charged_or_given_back_the_difference(deck: str, charged: str) -> None:
    books = opened("10")
    tell(books)
    assert recorded(correct(books, deck)) == (units(charged), 0)
    assert books.available_micros == units("10") - units(charged)
    assert recorded(correct(books, deck)) == (units(charged), 0), "a repetition changes nothing"
    assert books.available_micros == units("10") - units(charged)
    assert refused(correct(books, CHEAP if deck == DEAR else DEAR, command_id=deck)) is RefusalCode.CONFLICT
    audit_people(books)


def test_giving_back_forgives_the_debt_before_it_fills_lots() -> None:
    books = opened("1")
    tell(books, 120)
    assert recorded(correct(books, CHEAP)) == (units("0.60"), 0)
    assert (books.account.owed_micros, books.available_micros) == (0, units("0.40"))
    audit_people(books)


def test_a_debt_that_was_repaid_from_another_lot_is_given_back_by_nobody() -> None:
    books = opened("0.10")
    tell(books, 120)
    books.add_funds("50")
    refusal = correct(books, CHEAP)
    assert refused(refusal) is RefusalCode.CONFLICT
    assert isinstance(refusal, Refused)
    assert refusal.facts == {
        "session_id": books.call.terms.session_id,
        "repaid_micros": units("1.10"),
        "currency": "EUR",
    }
    assert recorded(correct(books, DEAR)) == (units("2.40"), units("1.10")), "dearer it can become all the same"
    audit_people(books)


def test_no_call_is_priced_anew_that_runs_or_that_nothing_prices_there() -> None:
    books = opened("10")
    books.authorise("running")
    assert refused(correct(books, CHEAP, "running")) is RefusalCode.CONFLICT
    assert refused(correct(books, CHEAP, "nobody")) is RefusalCode.UNKNOWN_SESSION
    tell(books, callee=DOMESTIC)
    assert refused(correct(books, CHEAP)) is RefusalCode.NO_RATE
    assert refused(correct(books, FOREIGN)) is RefusalCode.CURRENCY_MISMATCH


@pytest.mark.parametrize("balance", ["0.60", "1", "10"])
def test_the_true_end_of_a_silent_call_that_was_priced_anew_gives_back_by_its_new_price(balance: str) -> None:
    books = opened(balance)
    books.authorise("call-1", slice_seconds=60, answered=True)
    books.wait(seconds=90)
    assert isinstance(books.reap(), Ended)
    assert recorded(correct(books, DEAR, "call-1"))[0] == units("1.20")
    outcome = books.end(20)
    assert isinstance(outcome, Ended)
    assert outcome.charged_micros == units("0.40")
    assert (books.account.owed_micros, books.available_micros) == (0, units(balance) - units("0.40"))
    assert books.call.owed_micros == 0
    audit_people(books)


def test_the_true_end_does_not_come_after_a_debt_was_repaid() -> None:
    books = opened("0.60")
    books.authorise("call-1", slice_seconds=60, answered=True)
    books.wait(seconds=90)
    books.reap()
    correct(books, DEAR, "call-1")
    books.add_funds("50")
    assert refused(books.end(20)) is RefusalCode.CONFLICT
    assert books.call.state is SessionState.EXPIRED
    audit_lots(books)


def test_a_call_that_is_refused_names_the_meters_that_it_would_be_counted_on() -> None:
    """They are read before a batch is decided in which the block is lifted first."""
    books = people(opened("10"), user(SALES, CREDITS), limits=Limits(calls_max=3, user_monthly_max_micros=units("5")))
    call = Authorise(
        organization_id=ORGANIZATION, session_id="call", service=Service.OUTBOUND, caller=SALES_NUMBER, callee=CALLEE
    )
    block = Block(
        block_id="block",
        kind=BlockedKind.USER,
        subject=SALES,
        reason=BlockReason.BY_ADMINISTRATOR,
        limit_micros=0,
        spent_micros=0,
        blocked_at=NOON,
    )

    def meters() -> set[tuple[str, str]]:
        around = Surroundings(lines=books.lines, parties=books.parties, meters=dict[tuple[str, str], Meter]())
        context = Context(
            now=NOON, new_id=lambda: "id", decks=books.decks, charging=books.charging, funding=books.funding
        )
        return set(meters_of(admit(books.account, call, NOON, context, around)))

    expected = meters()
    assert ("calls", "") in expected
    books.account = replace(books.account, blocks=(block,))
    assert meters() == expected
    books.account = replace(books.account, blocks=(), rate_deck_id=None)
    assert meters() == expected
    books.account = replace(books.account, rate_deck_id="deck-1")
    assert isinstance(books.do(call), Granted)
    assert set(books.meters) == expected
