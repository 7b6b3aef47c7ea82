"""What must be true of an organization's books after every single decision, whatever was asked and in what order.

Knows the invariants of money, reckoned again from the journal and the calls. Refuses to trust any total the core keeps.
"""

from collections import defaultdict

from commcredits.core.account import Session
from commcredits.core.funds import Lots, order_of_use, own_micros
from commcredits.core.ledger import LedgerAccount, TransferReason, balance_micros
from commcredits.core.purchases import RefundState, TopUpKind, TopUpState
from commcredits.core.rating import billed_seconds, price_micros
from commcredits.core.top_up_refunds import OPEN_REFUNDS
from commcredits.core.topups import CARRIED_STATES, OPEN_STATES
from tests.core.books import Books

SETTLED_WELL = frozenset({TopUpState.SUCCEEDED, TopUpState.DISPUTED, TopUpState.REVERSED})
_OF_PURCHASES = frozenset({TransferReason.TOP_UP, TransferReason.TAX, TransferReason.GATEWAY_FEE})


def audit(books: Books) -> None:
    """Every invariant at once; an AssertionError names the first that is broken."""
    audit_lots(books)
    audit_calls(books)
    audit_top_ups(books)
    audit_beside(books)


def audit_lots(books: Books) -> None:
    """The journal's balance is in the lots, lot by lot; calls hold what is held; nothing free outlives its expiry."""
    lots = books.account.lots
    by_lot: dict[str | None, int] = defaultdict(int)
    for entry in books.journal:
        if entry.target is LedgerAccount.CUSTOMER_CREDITS:
            by_lot[entry.lot_id] += entry.amount_micros
        if entry.source is LedgerAccount.CUSTOMER_CREDITS:
            by_lot[entry.lot_id] -= entry.amount_micros
    assert {lot_id: left for lot_id, left in by_lot.items() if left} == {
        lot.terms.lot_id: lot.free_micros + lot.held_micros for lot in lots
    }, "the journal and the lots disagree"
    assert books.ledger_micros() == sum(lot.free_micros + lot.held_micros for lot in lots)
    assert all(lot.free_micros >= 0 and lot.held_micros >= 0 for lot in lots), "a lot is below zero"
    assert all(lot.terms.expires_at > books.now for lot in lots if lot.free_micros), "an expired lot has free funds"
    assert list(lots) == sorted(lots, key=lambda lot: order_of_use(lot.terms)), "lots are out of order"
    assert _held_by_lot(books) == {lot.terms.lot_id: lot.held_micros for lot in lots if lot.held_micros}


def _held_by_lot(books: Books) -> dict[str, int]:
    held: dict[str, int] = defaultdict(int)
    for session in books.sessions.values():
        for part in session.parts:
            if part.held_micros:
                held[part.terms.lot_id] += part.held_micros
    return held


def audit_calls(books: Books) -> None:
    """A call is charged the price of what it used, within its grant, to its lots; once over, it holds nothing."""
    charged: dict[tuple[str, str | None], int] = defaultdict(int)
    for entry in books.journal:
        if entry.session_id is not None:
            back = entry.reason is TransferReason.CALL_CORRECTION
            charged[entry.session_id, entry.lot_id] += -entry.amount_micros if back else entry.amount_micros
    for session_id, session in books.sessions.items():
        _audit_call(session)
        for part in session.parts:
            assert part.held_micros >= 0
            assert part.drawn_micros == charged.pop((session_id, part.terms.lot_id), 0), "a call's lots disagree"
    assert not any(charged.values()), "a charge that no call knows of"


def _audit_call(session: Session) -> None:
    held = sum(part.held_micros for part in session.parts)
    rate = session.terms.rate
    if rate is None or session.grant_number == 0:
        assert (held, session.charged_micros, session.parts) == (0, 0, ()), "a refused call has moved money"
        return
    granted = session.granted_seconds
    assert granted == billed_seconds(rate, granted) > 0, "a grant is not a whole number of increments"
    assert 0 <= session.used_seconds <= granted
    assert session.charged_micros == price_micros(rate, session.used_seconds), (
        "a call was sliced and costs another price"
    )
    assert session.charged_micros == sum(part.drawn_micros for part in session.parts)
    assert held == (price_micros(rate, granted) - session.charged_micros if session.is_live else 0)
    assert session.started_at is None or session.terms.authorised_at <= session.started_at


def audit_top_ups(books: Books) -> None:
    """A top-up grants funds once if it was paid and never if not; at most one recharge is open."""
    moved: dict[str, dict[tuple[LedgerAccount, LedgerAccount], list[int]]] = defaultdict(lambda: defaultdict(list))
    for entry in books.journal:
        if entry.top_up_id is not None and entry.reason in _OF_PURCHASES:
            moved[entry.top_up_id][entry.source, entry.target].append(entry.amount_micros)
    for top_up in books.top_ups.values():
        paid = top_up.state in SETTLED_WELL
        expected = {(LedgerAccount.GATEWAY_CLEARING, LedgerAccount.CUSTOMER_CREDITS): [top_up.amount_micros]}
        if top_up.tax.micros:
            expected[LedgerAccount.GATEWAY_CLEARING, LedgerAccount.TAX] = [top_up.tax.micros]
        if top_up.fee_micros:
            expected[LedgerAccount.GATEWAY_FEES, LedgerAccount.GATEWAY_CLEARING] = [top_up.fee_micros]
        assert dict(moved.pop(top_up.top_up_id, {})) == (expected if paid else {}), "not granted just once"
        assert (top_up.lot_id is not None) == paid
        assert 0 <= top_up.refunded_micros <= top_up.amount_micros
        assert 0 <= top_up.disputed_micros <= top_up.amount_micros
        assert not top_up.disputed_micros or top_up.state is TopUpState.DISPUTED, "funds are frozen without a dispute"
    assert not moved
    carried = {top_up.top_up_id: top_up for top_up in books.top_ups.values() if top_up.state in CARRIED_STATES}
    assert {top_up.top_up_id: top_up for top_up in books.account.open_top_ups} == carried
    recharges = [
        top_up for top_up in carried.values() if top_up.kind is TopUpKind.AUTO_RECHARGE and top_up.state in OPEN_STATES
    ]
    assert len(recharges) <= 1, "two recharges are open"
    rule = books.account.recharge.rule
    if rule is None or not rule.enabled:
        assert all(top_up.state is not TopUpState.DUE for top_up in recharges), "a recharge is due though switched off"


def audit_beside(books: Books) -> None:
    """Frozen funds, refunds under way and debts stand in the journal as they stand in their records."""
    frozen = sum(top_up.disputed_micros for top_up in books.top_ups.values())
    assert books.ledger_micros(LedgerAccount.DISPUTED) == frozen, "the journal and the disputes disagree"
    under_way = sum(refund.gross_micros for refund in books.refunds.values() if refund.state in OPEN_REFUNDS)
    assert books.ledger_micros(LedgerAccount.REFUNDS) == under_way, "the journal and the refunds disagree"
    owed = [entry for entry in books.journal if entry.reason is not TransferReason.CREDIT_LINE]
    assert -balance_micros(LedgerAccount.RECEIVABLE, owed) == books.account.owed_micros >= 0, "the debt is another"
    for top_up in books.top_ups.values():
        gone = [
            refund
            for refund in books.refunds.values()
            if refund.top_up_id == top_up.top_up_id and refund.state is not RefundState.REFUSED
        ]
        assert sum(refund.amount_micros for refund in gone) == top_up.refunded_micros, "refunds do not add up"
        assert sum(refund.tax_micros for refund in gone) <= top_up.tax.micros, "more tax went back than was paid"
    own = own_micros(books.account.lots, books.now)
    assert not (books.account.owed_micros and own), "a debt stands beside free funds"
    # Double entry: what stands in all accounts together is nothing.
    assert sum(books.ledger_micros(account) for account in LedgerAccount) == 0


def newly_held(before: Lots, after: Lots) -> dict[str, int]:
    """By how much the hold on each lot has grown."""
    held = {lot.terms.lot_id: lot.held_micros for lot in before}
    growth = {lot.terms.lot_id: lot.held_micros - held.get(lot.terms.lot_id, 0) for lot in after}
    return {lot_id: amount for lot_id, amount in growth.items() if amount > 0}
