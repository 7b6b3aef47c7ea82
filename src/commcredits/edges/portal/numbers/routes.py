"""The routes of telephone numbers.

Knows which page answers which address. Refuses to know what the pages show.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from commcredits.edges.portal.door import Door
from commcredits.edges.portal.numbers import links
from commcredits.edges.portal.numbers.pages import NumberPages
from commcredits.edges.portal.numbers.stock_pages import StockPages


def number_routes(door: Door) -> list[BaseRoute]:
    """The organization's own numbers, and those that it can have."""
    numbers, stock = NumberPages(door=door), StockPages(door=door)
    guarded = door.guarded
    return [
        Route(links.NUMBERS, guarded(numbers.numbers)),
        Route(links.GET, guarded(stock.stock)),
        Route(links.CHOSEN, guarded(stock.chosen)),
        Route(links.CHOSEN, guarded(stock.reserve), methods=["POST"]),
        Route(links.ACQUIRE, guarded(stock.chosen)),
        Route(links.ACQUIRE, guarded(stock.acquire), methods=["POST"]),
        Route(links.NUMBER, guarded(numbers.number)),
        Route(links.NUMBER, guarded(numbers.assign), methods=["POST"]),
    ]
