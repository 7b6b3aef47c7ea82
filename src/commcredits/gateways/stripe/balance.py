"""What happens to money after it was taken: disputes of charges, and payouts to the operator's bank. Only reads."""

from typing import Final

import stripe

from commcredits.gateways.protocol import Dispute, NotFound, PayoutPage, Unavailable
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.calls import LIST_PAGE, StripeCalls, asking, is_missing, read
from commcredits.gateways.stripe.references import is_charge
from commcredits.gateways.stripe.translation import dispute_of, payout_of
from commcredits.gateways.stripe.troubles import unavailable_of

PAYOUT_PAGES_MAX: Final = 200
"""Pages of 100 payouts that are walked back to find the first one; years of daily payouts."""


async def find_dispute(calls: StripeCalls, charge_reference: str) -> Dispute | NotFound | Unavailable:
    """Tell of the latest dispute of a charge that takes money; early warnings take none."""
    if not is_charge(charge_reference):
        return NotFound()
    try:
        listed = await calls.client.v1.disputes.list_async(
            {"payment_intent": charge_reference, "limit": LIST_PAGE}, asking()
        )
        for each in listed.data:
            dispute = dispute_of(read(each, shapes.Dispute), charge_reference)
            if dispute is not None:
                return dispute
    except stripe.InvalidRequestError as error:
        return NotFound() if is_missing(error) else unavailable_of(error)
    except stripe.StripeError as error:
        return unavailable_of(error)
    return NotFound()


async def list_payouts(calls: StripeCalls, cursor: str | None) -> PayoutPage | Unavailable:
    """List payouts made after `cursor`, a payout's id, oldest first."""
    try:
        return await _first_page(calls) if cursor is None else await _page_after(calls, cursor)
    except stripe.StripeError as error:
        return unavailable_of(error)
    except (ValueError, OverflowError, OSError):
        return Unavailable(detail="the list of payouts can't be read")


async def _page_after(calls: StripeCalls, cursor: str) -> PayoutPage:
    listed = await calls.client.v1.payouts.list_async({"limit": LIST_PAGE, "ending_before": cursor}, asking())
    payouts = [payout_of(read(each, shapes.Payout)) for each in reversed(listed.data)]
    return PayoutPage(
        payouts=tuple(payouts),
        next_cursor=payouts[-1].reference if payouts else cursor,
        has_more=listed.has_more and bool(payouts),
    )


async def _first_page(calls: StripeCalls) -> PayoutPage:
    page: list[stripe.Payout] = []
    walked = 0
    while walked < PAYOUT_PAGES_MAX:
        listed = await calls.client.v1.payouts.list_async(
            {"limit": LIST_PAGE, "starting_after": page[-1].id} if page else {"limit": LIST_PAGE}, asking()
        )
        if not listed.data:
            break
        page, walked = listed.data, walked + 1
        if not listed.has_more:
            break
    payouts = [payout_of(read(each, shapes.Payout)) for each in reversed(page)]
    return PayoutPage(
        payouts=tuple(payouts), next_cursor=payouts[-1].reference if payouts else None, has_more=walked > 1
    )
