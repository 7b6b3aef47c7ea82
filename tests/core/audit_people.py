"""What must be true of meters and of calls that belong to somebody, after every decision.

Knows the invariants of pools and limits, reckoned again from the calls. Refuses to trust any total the core keeps.
"""

from collections import defaultdict
from datetime import timedelta

from commcredits.core.account import Session
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.meters import MeterId
from commcredits.core.pools import pool_minutes
from commcredits.core.rating import price_micros
from tests.core.audit import audit_lots
from tests.core.books import Books


def audit_people(books: Books, *, lifted: bool = False, shrunk: bool = False) -> None:
    """Every invariant at once.

    ``lifted``: a block was lifted, so meters of fraud limits were begun anew. ``shrunk``: licences went away, so a pool
    may be smaller than what it had given by then.
    """
    audit_lots(books)
    assert books.account.owed_micros == -books.ledger_micros(LedgerAccount.RECEIVABLE), "the debt is not the journal's"
    _audit_meters(books, lifted=lifted, shrunk=shrunk)
    for session in books.sessions.values():
        _audit_call(books, session)


def _audit_meters(books: Books, *, lifted: bool, shrunk: bool) -> None:
    used: dict[MeterId, int] = defaultdict(int)
    held: dict[MeterId, int] = defaultdict(int)
    for session in books.sessions.values():
        for part in session.meter_parts:
            used[part.meter_id] += part.used
            held[part.meter_id] += part.held
            assert session.is_live or part.held == 0, "a call that is over holds a share"
    for meter_id, meter in books.meters.items():
        assert meter.held == held[meter_id], f"{meter_id} holds what no call holds"
        if not (lifted and meter.key.startswith(("velocity:", "destination:"))):
            assert meter.used >= used[meter_id], f"{meter_id} forgot what calls used"
        roster = books.account.roster
        if meter.key.startswith("pool:") and roster is not None and not shrunk:
            size = pool_minutes(roster, meter.key, books.account.country)
            assert meter.used + meter.held <= size, f"{meter_id} is below zero"


def _audit_call(books: Books, session: Session) -> None:
    """Minutes and money together are the call: what the pool pays, and the price of what lies beyond."""
    posted = sum(
        -entry.amount_micros if entry.reason is TransferReason.CALL_CORRECTION else entry.amount_micros
        for entry in books.journal
        if entry.session_id == session.terms.session_id and LedgerAccount.RECEIVABLE not in {entry.source, entry.target}
    )
    assert posted == session.charged_micros - session.owed_micros
    beyond = max(0, session.used_seconds - session.included_seconds)
    began_at = session.terms.authorised_at + timedelta(seconds=session.included_seconds)
    rate = session.terms.rate
    assert session.charged_micros == (0 if rate is None else price_micros(rate, beyond, began_at))
    booking = session.terms.booking
    minutes = 0
    if booking is not None and booking.pool_key:
        for part in session.meter_parts:
            if part.key == booking.pool_key:
                minutes = part.used
    assert minutes == -(-min(session.used_seconds, session.included_seconds) // 60), "parts do not sum to the call"
