"""The operator's stock of numbers, for tests of what becomes of them.

Knows how to fill and to search it. Refuses to know what is tested.
"""

from typing import Any

from commcredits.operations.number_stock import StockNumber, add_to_stock, search_stock
from commcredits.operations.paging import Page
from tests.operations.office import Office


async def stocked(office: Office, *numbers: str, kind: str = "user", country: str = "", place: str = "") -> None:
    """Put these numbers in stock."""
    for number in numbers:
        added = await add_to_stock(office.services, number=number, kind=kind, country=country, place=place)
        assert isinstance(added, StockNumber), added


async def found(office: Office, **filters: Any) -> list[str]:
    """The numbers that can be had, page by page."""
    numbers: list[str] = []
    cursor: str | None = None
    while True:
        page = await search_stock(office.services, cursor=cursor, limit=2, **filters)
        assert isinstance(page, Page), page
        numbers += [each.number for each in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return numbers
