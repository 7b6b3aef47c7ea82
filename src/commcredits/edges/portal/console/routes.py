"""The console's routes: which page answers which address.

Knows the pages. Refuses to let anybody but the operator's people past any of them: the desk asks at each.
"""

from __future__ import annotations

from typing import Final

from starlette.routing import BaseRoute, Route

from commcredits.edges.portal.console import links
from commcredits.edges.portal.console.call_pages import CallPages
from commcredits.edges.portal.console.deck_pages import DeckPages
from commcredits.edges.portal.console.desk import Answer, Desk
from commcredits.edges.portal.console.fraud_pages import FraudPages
from commcredits.edges.portal.console.fund_pages import FundPages
from commcredits.edges.portal.console.health_pages import HealthPages
from commcredits.edges.portal.console.margin_pages import MarginPages
from commcredits.edges.portal.console.organization_pages import OrganizationPages
from commcredits.edges.portal.console.payment_pages import PaymentPages
from commcredits.edges.portal.console.refund_pages import RefundPages
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.uploads import read_upload


def console_routes(door: Door) -> list[BaseRoute]:
    """Every address of the console."""
    desk = Desk(door=door)
    shown, sent = _pages(desk)
    decks = DeckPages(desk=desk)
    return [
        *(Route(path, desk.opened(answer, needs_proof=path in _PROVED)) for path, answer in shown),
        *(
            Route(path, desk.opened(answer, needs_proof=path in _PROVED | _PROVED_WHEN_SENT), methods=["POST"])
            for path, answer in sent
        ),
        Route(links.DECKS, desk.opened(decks.decks)),
        Route(links.NEW_DECK, desk.opened(decks.new_form)),
        Route(links.NEW_DECK, desk.opened(decks.new, reads=read_upload), methods=["POST"]),
        Route(links.EXPLAIN, desk.opened(decks.explain)),
        Route(links.DECK, desk.opened(decks.deck)),
        Route(links.COMPARE, desk.opened(decks.compare)),
        *(
            Route(path, desk.opened(answer), methods=["POST"])
            for path, answer in (
                (links.PUBLISH, decks.publish),
                (links.ROLL_BACK, decks.roll_back),
                (links.DISCARD, decks.discard),
                (links.COST, decks.cost),
            )
        ),
    ]


_PROVED: Final = frozenset({links.ASK_ADJUSTMENT, links.REFUND, links.REFUND_CALL})
"""Forms that move money: whoever signed in too long ago proves who they are before they fill one in."""

_PROVED_WHEN_SENT: Final = frozenset({links.DECIDE, links.DECIDE_REFUND, links.PROMOTION})
"""The same for forms on pages that show more: asked when they are sent."""

Routed = list[tuple[str, Answer]]


def _pages(desk: Desk) -> tuple[Routed, Routed]:
    """What is shown, and what takes a form; the first that fits an address answers it."""
    health, calls, fraud = HealthPages(desk=desk), CallPages(desk=desk), FraudPages(desk=desk)
    organizations, margins, funds = OrganizationPages(desk=desk), MarginPages(desk=desk), FundPages(desk=desk)
    payments = PaymentPages(desk=desk)
    refunds_shown, refunds_sent = _refund_pages(desk)
    shown: Routed = [
        (links.HEALTH, health.health),
        (links.GATEWAYS, health.gateways),
        (links.JOBS, health.jobs),
        (links.VERIFICATIONS, health.verifications),
        (links.VERIFICATION, health.verification),
        (links.ORGANIZATIONS, organizations.organizations),
        (links.OPEN, organizations.open_form),
        (links.ORGANIZATION, organizations.organization),
        (links.CALLS, calls.calls),
        (links.CUT, calls.cut_form),
        (links.FRAUD, fraud.blocks),
        (links.FLAGS, fraud.flags),
        (links.SPENDING, fraud.spending),
        (links.BLOCK_BY_HAND, fraud.block_form),
        (links.BLOCK, fraud.block),
        (links.MARGINS, margins.margins),
        (links.MARGIN, margins.report),
        (links.ADJUSTMENTS, funds.adjustments),
        (links.ASK_ADJUSTMENT, funds.ask_form),
        (links.DECIDE, funds.adjustment),
        (links.VOUCHERS, funds.vouchers),
        (links.PAYMENTS, payments.attempts),
        (links.BY_HAND, payments.by_hand_form),
        (links.DISPUTES, payments.disputes),
        (links.REFUNDS, payments.refunds),
        (links.EVENTS, payments.events),
        (links.PAYOUTS, payments.payouts),
        (links.TELLING, payments.telling),
        *refunds_shown,
    ]
    sent: Routed = [
        (links.VERIFICATIONS, health.verify),
        (links.OPEN, organizations.open),
        (links.BILLING, organizations.billing),
        (links.CURRENCY, organizations.currency),
        (links.DECK_OF, organizations.deck),
        (links.PROMOTION, organizations.promotion),
        (links.CLOSE, organizations.close),
        (links.CUT, calls.cut),
        (links.BLOCK_BY_HAND, fraud.block_by_hand),
        (links.BLOCK, fraud.lift),
        (links.MARGINS, margins.ask),
        (links.ASK_ADJUSTMENT, funds.ask),
        (links.DECIDE, funds.decide),
        (links.VOUCHERS, funds.void),
        (links.LOOK_UP, payments.look_up),
        (links.BY_HAND, payments.by_hand),
        (links.EVENTS, payments.deal_again),
        (links.TELLING, payments.tell),
        *refunds_sent,
    ]
    return shown, sent


def _refund_pages(desk: Desk) -> tuple[Routed, Routed]:
    refunds = RefundPages(desk=desk)
    shown: Routed = [
        (links.REFUND_CALL, refunds.call_form),
        (links.REFUND, refunds.form),
        (links.REFUND_REQUESTS, refunds.requests),
        (links.DECIDE_REFUND, refunds.request),
    ]
    sent: Routed = [
        (links.REFUND_CALL, refunds.refund_call),
        (links.REFUND, refunds.refund),
        (links.DECIDE_REFUND, refunds.decide),
    ]
    return shown, sent
