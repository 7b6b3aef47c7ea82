"""A call is priced by the deck that was in force when it began, however late it is told."""

from datetime import timedelta

from commcredits.core.commands import AssignRateDeck, RecordCall, Service
from commcredits.core.outcomes import Done, Recorded
from commcredits.core.tariffs import index_deck
from tests.core.books import CALLEE, CALLER, DECK, NOON, ORGANIZATION, Books, books, rate, units

PRICES = {"deck-2": "1.20", "deck-3": "2.40"}


def assign(account: Books, rate_deck_id: str, *, in_days: int | None = None) -> None:
    """Put a deck in force now, or lay it ready."""
    in_force_at = None if in_days is None else account.now + timedelta(days=in_days)
    outcome = account.do(
        AssignRateDeck(
            organization_id=ORGANIZATION,
            command_id=rate_deck_id,
            rate_deck_id=rate_deck_id,
            rate_deck_currency="EUR",
            in_force_at=in_force_at,
        )
    )
    assert outcome == Done(changed=True)


def price_of_a_minute(account: Books, days_ago: int) -> int:
    """What a minute costs that is told now, of a call so many days before noon of the first day."""
    outcome = account.do(
        RecordCall(
            organization_id=ORGANIZATION,
            record_id=f"record-{len(account.sessions)}",
            service=Service.OUTBOUND,
            caller=CALLER,
            callee=CALLEE,
            started_at=NOON - timedelta(days=days_ago),
            duration_seconds=60,
        )
    )
    assert isinstance(outcome, Recorded)
    return outcome.charged_micros


def three_decks() -> Books:
    """An organization on the first of three decks, each dearer than the one before."""
    account = books(rate(per_minute="0.60"), balance="100")
    others = {name: index_deck(name, "EUR", [rate(per_minute=price)]) for name, price in PRICES.items()}
    account.decks = {DECK: account.decks[DECK], **others}
    return account


def test_a_call_told_late_goes_by_the_deck_of_its_time() -> None:
    account = three_decks()
    account.wait(days=1)
    assign(account, "deck-2")
    account.wait(days=1)
    assign(account, "deck-3")
    account.wait(days=1)
    prices = [price_of_a_minute(account, days_ago) for days_ago in (0, -1, -2)]
    assert prices == [units("0.60"), units("1.20"), units("2.40")]


def test_a_deck_that_was_laid_ready_counts_from_its_instant_on_also_when_another_has_followed() -> None:
    account = three_decks()
    assign(account, "deck-2", in_days=2)
    assert price_of_a_minute(account, 1) == units("0.60")
    account.wait(days=5)
    assert price_of_a_minute(account, -3) == units("1.20")
    assign(account, "deck-3")
    account.wait(days=1)
    prices = [price_of_a_minute(account, days_ago) for days_ago in (-1, -3, -5)]
    assert prices == [units("0.60"), units("1.20"), units("2.40")]


def test_taking_back_what_was_laid_ready_leaves_no_trace_in_the_past() -> None:
    account = three_decks()
    assign(account, "deck-2", in_days=2)
    assign(account, DECK)
    account.wait(days=5)
    assert account.account.past_rate_decks == ()
    assert price_of_a_minute(account, -3) == units("0.60")
