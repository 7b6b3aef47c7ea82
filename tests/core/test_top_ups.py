"""Top-ups: paid once, granted once, and an unknown outcome is not an answer."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import AssignRateDeck, GrantPromotion, PaymentState, RequestTopUp
from commcredits.core.funds import LOTS_MAX, LotSource
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.outcomes import Done, Outcome, RefusalCode, Refused, TopUpTaken
from commcredits.core.purchases import TopUpState
from commcredits.core.topups import OPEN_TOP_UPS_MAX
from tests.core.books import DECK, FUNDING, NOON, ORGANIZATION, Books, books, lot, units


def _code(outcome: Outcome) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def _asked(account: Books, amount: str = "50") -> str:
    outcome = account.request_top_up(amount)
    assert isinstance(outcome, TopUpTaken)
    assert outcome.send
    return outcome.top_up_id


def test_a_purchase_grants_its_amount_when_it_is_paid_and_lives_for_twelve_months() -> None:
    account = books()
    account.now = datetime(2024, 2, 29, 10, tzinfo=UTC)
    top_up_id = _asked(account, "50.00")
    assert account.available_micros == 0
    account.record(top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("50")
    (bought,) = account.account.lots
    assert (bought.terms.source, bought.terms.purchased_at) == (LotSource.MANUAL, account.now)
    assert bought.terms.expires_at == datetime(2025, 2, 28, 10, tzinfo=UTC)
    (entry,) = account.journal
    assert (entry.source, entry.target) == (LedgerAccount.GATEWAY_CLEARING, LedgerAccount.CUSTOMER_CREDITS)
    assert (entry.reason, entry.lot_id, entry.top_up_id) == (TransferReason.TOP_UP, bought.terms.lot_id, top_up_id)


def test_only_the_asker_may_go_to_the_gateway_and_a_repetition_may_not() -> None:
    account = books()
    decision = account.look(_purchase())
    assert isinstance(decision.outcome, TopUpTaken)
    assert decision.outcome.send
    assert decision.remembered == replace(decision.outcome, send=False)


def _purchase() -> RequestTopUp:
    return RequestTopUp(
        organization_id=ORGANIZATION, command_id="purchase", amount_micros=units("50"), payment_method="card"
    )


def test_a_payment_that_is_told_many_times_grants_funds_once() -> None:
    account = books()
    top_up_id = _asked(account)
    for state in (PaymentState.SUCCEEDED, *PaymentState, PaymentState.SUCCEEDED):
        account.record(top_up_id, state)
        assert account.top_ups[top_up_id].state is TopUpState.SUCCEEDED
    assert account.available_micros == account.ledger_micros() == units("50")


def test_a_declined_card_grants_no_funds() -> None:
    account = books()
    top_up_id = _asked(account)
    outcome = account.record(top_up_id, PaymentState.DECLINED)
    assert isinstance(outcome, TopUpTaken)
    assert (outcome.state, outcome.reason) == ("declined", "said_the_gateway")
    assert account.available_micros == 0
    assert account.account.open_top_ups == ()


def test_a_customer_who_has_paid_after_all_gets_the_funds() -> None:
    account = books()
    top_up_id = _asked(account)
    account.record(top_up_id, PaymentState.DECLINED)
    account.record(top_up_id, PaymentState.PROCESSING)
    assert account.top_ups[top_up_id].state is TopUpState.DECLINED
    account.record(top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("50")


def test_an_attempt_that_never_reached_its_gateway_is_over_and_no_decline() -> None:
    account = books()
    top_up_id = _asked(account)
    account.record(top_up_id, PaymentState.NOT_TAKEN)
    assert account.top_ups[top_up_id].state is TopUpState.CANCELLED
    assert account.account.open_top_ups == ()
    account.record(top_up_id, PaymentState.PROCESSING)
    assert account.account.open_top_ups == ()


def test_a_payment_that_was_taken_although_it_seemed_not_to_be_grants_its_funds() -> None:
    account = books()
    top_up_id = _asked(account)
    account.record(top_up_id, PaymentState.NOT_TAKEN)
    account.record(top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == account.ledger_micros() == units("50")


def test_an_unknown_outcome_stays_open_until_it_is_known() -> None:
    account = books()
    top_up_id = _asked(account)
    account.record(top_up_id, PaymentState.UNKNOWN)
    account.wait(days=30)
    assert [each.state for each in account.account.open_top_ups] == [TopUpState.UNKNOWN]
    account.record(top_up_id, PaymentState.SUCCEEDED)
    assert account.account.open_top_ups == ()


def test_a_failed_look_up_does_not_forget_where_a_payment_is_to_be_confirmed() -> None:
    account = books()
    top_up_id = _asked(account)
    account.record(top_up_id, PaymentState.ACTION_REQUIRED, action_url="https://bank.example/confirm")
    account.record(top_up_id, PaymentState.UNKNOWN)
    assert account.top_ups[top_up_id].state is TopUpState.ACTION_REQUIRED
    assert account.top_ups[top_up_id].action_url == "https://bank.example/confirm"
    account.record(top_up_id, PaymentState.SUCCEEDED)
    assert account.top_ups[top_up_id].action_url == ""


def test_the_same_news_twice_changes_nothing() -> None:
    account = books()
    top_up_id = _asked(account)
    account.record(top_up_id, PaymentState.PROCESSING)
    before = account.account
    account.record(top_up_id, PaymentState.PROCESSING)
    assert account.account is before


def test_nothing_can_be_told_of_a_purchase_that_nobody_made() -> None:
    account = books()
    assert _code(account.record("nobody", PaymentState.SUCCEEDED)) is RefusalCode.UNKNOWN_TOP_UP
    assert _code(account.send("nobody")) is RefusalCode.UNKNOWN_TOP_UP


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("0", RefusalCode.AMOUNT_BELOW_MINIMUM),
        ("49.99", RefusalCode.AMOUNT_BELOW_MINIMUM),
        ("10000.01", RefusalCode.AMOUNT_ABOVE_MAXIMUM),
        ("50.005", RefusalCode.AMOUNT_NOT_PAYABLE),
    ],
)
def test_an_amount_that_cannot_be_bought_is_refused_with_what_can(amount: str, code: RefusalCode) -> None:
    account = books()
    refusal = account.request_top_up(amount)
    assert _code(refusal) is code
    assert isinstance(refusal, Refused)
    assert (refusal.facts["minimum_micros"], refusal.facts["maximum_micros"]) == (units("50"), units("10000"))


@pytest.mark.parametrize(("digits", "amount"), [(0, "50.1"), (2, "50.001"), (3, "50.0001")])
def test_an_amount_is_a_whole_number_of_the_currencys_smallest_coin(digits: int, amount: str) -> None:
    account = books()
    account.account = replace(account.account, minor_digits=digits)
    assert _code(account.request_top_up(amount)) is RefusalCode.AMOUNT_NOT_PAYABLE
    account.add_funds("51")


def test_a_currency_may_have_its_own_minimum() -> None:
    account = books(funding=replace(FUNDING, top_up_minimum_micros={"EUR": units("20"), "RON": units("250")}))
    account.add_funds("20")
    assert _code(account.request_top_up("19.99")) is RefusalCode.AMOUNT_BELOW_MINIMUM


def test_credits_are_not_sold_where_they_cannot_be_bought() -> None:
    account = books(funding=replace(FUNDING, unavailable_countries=frozenset({"RO"})))
    refusal = account.request_top_up("50")
    assert _code(refusal) is RefusalCode.COUNTRY_NOT_AVAILABLE
    assert isinstance(refusal, Refused)
    assert refusal.facts == {"country": "RO"}


def test_a_closing_organization_buys_nothing_more_but_gets_what_it_has_paid() -> None:
    account = books()
    top_up_id = _asked(account)
    account.account = replace(account.account, status=OrganizationStatus.CLOSING)
    assert _code(account.request_top_up("50")) is RefusalCode.ORGANIZATION_CLOSED
    account.record(top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("50")


def test_unresolved_purchases_are_limited_in_number() -> None:
    account = books()
    for _ in range(OPEN_TOP_UPS_MAX):
        _asked(account)
    assert _code(account.request_top_up("50")) is RefusalCode.TOP_UP_OPEN


def test_an_organization_keeps_a_limited_number_of_lots() -> None:
    account = books(lots=tuple(lot(f"lot-{number:04d}", 1) for number in range(LOTS_MAX)))
    assert _code(account.request_top_up("50")) is RefusalCode.TOO_MANY_LOTS
    assert _code(account.do(_promotion("1", NOON + timedelta(days=1)))) is RefusalCode.TOO_MANY_LOTS


# ---- promotions and decks


def _promotion(amount: str, expires_at: datetime) -> GrantPromotion:
    return GrantPromotion(
        organization_id=ORGANIZATION,
        command_id="promotion",
        amount_micros=units(amount),
        expires_at=expires_at,
        reason="welcome",
    )


def test_a_promotion_is_booked_against_promotions_and_ends_when_it_says() -> None:
    account = books()
    account.grant_promotion("5", NOON + timedelta(days=7))
    (entry,) = account.journal
    assert (entry.source, entry.reason) == (LedgerAccount.PROMOTIONS, TransferReason.PROMOTION)
    assert account.account.lots[0].terms.expires_at == NOON + timedelta(days=7)


@pytest.mark.parametrize(
    ("amount", "lives", "code"),
    [
        ("0", timedelta(days=1), RefusalCode.AMOUNT_BELOW_MINIMUM),
        ("10000.000001", timedelta(days=1), RefusalCode.AMOUNT_ABOVE_MAXIMUM),
        ("5", timedelta(0), RefusalCode.EXPIRY_NOT_ALLOWED),
        ("5", timedelta(days=-1), RefusalCode.EXPIRY_NOT_ALLOWED),
    ],
)
def test_a_promotion_of_nothing_too_much_or_yesterday_is_refused(
    amount: str, lives: timedelta, code: RefusalCode
) -> None:
    account = books()
    assert _code(account.do(_promotion(amount, NOON + lives))) is code
    assert account.account.lots == ()


def test_a_closing_organization_gets_no_promotions() -> None:
    account = books()
    account.account = replace(account.account, status=OrganizationStatus.CLOSING)
    assert _code(account.do(_promotion("5", NOON + timedelta(days=1)))) is RefusalCode.ORGANIZATION_CLOSED


def _assign(rate_deck_id: str, currency: str) -> AssignRateDeck:
    return AssignRateDeck(
        organization_id=ORGANIZATION, command_id="assign", rate_deck_id=rate_deck_id, rate_deck_currency=currency
    )


def test_a_deck_is_assigned_once_and_a_foreign_currency_never() -> None:
    account = books()
    assert account.do(_assign(DECK, "EUR")) == Done(changed=False)
    assert account.do(_assign("deck-2", "EUR")) == Done(changed=True)
    assert account.account.rate_deck_id == "deck-2"
    refusal = account.do(_assign("deck-3", "RON"))
    assert _code(refusal) is RefusalCode.CURRENCY_MISMATCH
    assert account.account.rate_deck_id == "deck-2"
