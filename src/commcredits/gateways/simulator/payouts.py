"""Disputes and payouts as the gateway tells of them: read from its books, nothing decided."""

from datetime import date, datetime, timedelta
from typing import Final

from commcredits.gateways.simulator.charges import NO_SUCH_CHARGE, settle_due
from commcredits.gateways.simulator.store import Books, instant_text
from commcredits.gateways.simulator.wire import DisputeAnswer, Payout, PayoutList, Problem

PAYOUTS_PER_PAGE: Final = 1_000

NO_SUCH_DISPUTE: Final = Problem(status=404, code="no_such_dispute", message="the charge is not disputed")


def find_dispute(books: Books, *, charge_reference: str) -> DisputeAnswer | Problem:
    """Tell of a charge's dispute; the bank asks for all that was not given back already."""
    row = books.store.find("find_charge_by_reference", reference=charge_reference)
    if row is None:
        return NO_SUCH_CHARGE
    if row["dispute_state"] is None:
        return NO_SUCH_DISPUTE
    return DisputeAnswer(
        reference="dp_" + row["reference"].partition("_")[2],
        charge=row["reference"],
        amount_minor=row["amount_minor"] - row["refunded_minor"],
        currency=row["currency"],
        state=row["dispute_state"],
    )


def list_payouts(books: Books, *, after: int, now: datetime) -> PayoutList:
    """List a payout per day and currency, each after its day has ended; `after` is a day as a number, 20261123."""
    settle_due(books, now=now)
    rows = books.store.rows("list_payouts", today=instant_text(now)[:10], after=after, limit=PAYOUTS_PER_PAGE)
    days = [row["day_number"] for row in rows]
    # A day is told whole: the last one of a full page waits for the next.
    shown = [row for row in rows if len(rows) < PAYOUTS_PER_PAGE or row["day_number"] != days[-1]]
    return PayoutList(
        items=[
            Payout(
                reference=f"po_{row['day_number']}_{row['currency'].lower()}",
                amount_minor=row["amount_minor"],
                currency=row["currency"],
                arrives_on=(date.fromisoformat(row["day"]) + timedelta(days=1)).isoformat(),
            )
            for row in shown
        ],
        next_cursor=shown[-1]["day_number"] if shown else str(after),
        has_more=len(rows) > len(shown),
    )
