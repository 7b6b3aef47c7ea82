"""Finds the PaymentIntent that was made for a key of ours, as it is now.

Stripe has no index that is both complete and up to date: its search knows everything and lags behind, usually by less
than a minute, in a bad hour by an hour; its list is always up to date and knows no metadata. So the search is asked
first and then the newest pages of the list. Not finding anything proves nothing, and nobody builds on it: what keeps a
key from being charged twice stands in `charging`.
"""

from typing import Final

from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.calls import StripeCalls
from commcredits.gateways.stripe.keys import DIGEST_FIELD, KEY_FIELD, digest_of

RECENT_PAGES_MAX: Final = 5
"""Pages of 100 PaymentIntents that are looked through for one that the search does not know yet."""

# One key has one PaymentIntent. Were there ever two, the one that took money is the truth.
_RANKS: Final = ("succeeded", "processing", "requires_action", "requires_payment_method", "requires_confirmation")


async def find_intent(calls: StripeCalls, key: str) -> shapes.PaymentIntent | None:
    """Find what was made for a key, in the index or among the newest; None proves nothing."""
    indexed = await find_indexed_intent(calls, key)
    return indexed if indexed is not None else await _find_recent(calls, key)


async def find_indexed_intent(calls: StripeCalls, key: str) -> shapes.PaymentIntent | None:
    """Find what was made for a key longer ago than the search lags behind."""
    found = await calls.search_intents(f"metadata['{DIGEST_FIELD}']:'{digest_of(key)}'")
    # The index may also lag behind with what it tells of an object, so each one is read again.
    now = [await calls.intent(each.id) for each in found if each.metadata.get(KEY_FIELD) == key]
    return min((each for each in now if each is not None), key=_rank, default=None)


async def _find_recent(calls: StripeCalls, key: str) -> shapes.PaymentIntent | None:
    before: str | None = None
    for _ in range(RECENT_PAGES_MAX):
        page, has_more = await calls.newest_intents(before)
        for each in page:
            if each.metadata.get(KEY_FIELD) == key:
                return await calls.intent(each.id)
        if not has_more or not page:
            return None
        before = page[-1].id
    return None


def _rank(intent: shapes.PaymentIntent) -> int:
    return _RANKS.index(intent.status) if intent.status in _RANKS else len(_RANKS)
