"""The chart of accounts as an accountant reads it: a number, a name and a kind for each account of the ledger.

Knows usual numbers, which settings replace. Refuses to know anybody's law: which account is which in a country's own
chart, the operator says. A transfer debits the account that it leaves and credits the one that it enters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.core.ledger import LedgerAccount

BANK: Final = "bank"
"""Where gateways pay out to; the ledger itself ends at the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartAccount:
    """``name`` begins with the kind, as plain-text accounting writes it: ``assets:receivable``."""

    code: str
    name: str


_USUAL: Final[Mapping[str, tuple[str, str]]] = {
    BANK: ("1000", "assets:bank"),
    LedgerAccount.GATEWAY_CLEARING: ("1100", "assets:gateway clearing"),
    LedgerAccount.RECEIVABLE: ("1200", "assets:receivable"),
    LedgerAccount.CUSTOMER_CREDITS: ("2100", "liabilities:customer credits"),
    LedgerAccount.DISPUTED: ("2110", "liabilities:disputed credits"),
    LedgerAccount.REFUNDS: ("2120", "liabilities:refunds under way"),
    LedgerAccount.TAX: ("2200", "liabilities:tax"),
    LedgerAccount.REVENUE_OUTBOUND: ("4010", "revenues:outbound calls"),
    LedgerAccount.REVENUE_TOLL_FREE_IN: ("4020", "revenues:toll-free calls"),
    LedgerAccount.REVENUE_TOLL_IN: ("4030", "revenues:toll calls"),
    LedgerAccount.REVENUE_CONFERENCE_DIAL_OUT: ("4040", "revenues:conference dial-out"),
    LedgerAccount.BREAKAGE: ("4900", "revenues:breakage"),
    LedgerAccount.PROMOTIONS: ("6100", "expenses:promotions"),
    LedgerAccount.ADJUSTMENTS: ("6200", "expenses:adjustments"),
    LedgerAccount.GATEWAY_FEES: ("6300", "expenses:gateway fees"),
}


def chart_of(codes: Mapping[str, str]) -> Mapping[str, ChartAccount]:
    """Every account by the ledger's word for it, with these numbers where they are given."""
    return {account: ChartAccount(code=codes.get(account, code), name=name) for account, (code, name) in _USUAL.items()}
