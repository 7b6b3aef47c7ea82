"""The way out of the portal, to a gateway's page.

Knows that the policy of the pages lets no form lead to another site: scripts are told the address, and everybody else
gets a page with a plain link to it. Refuses to know what happens there.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from commcredits.edges.portal.door import Door
from commcredits.edges.portal.page import Page


def lead_away(door: Door, page: Page, address: str, **values: Any) -> Response:
    """Lead the person to a gateway's page; ``values`` are for the page with the link."""
    if page.is_fragment:
        return Response(status_code=200, headers={"HX-Redirect": address})
    return door.html("payment_method_continue.html", page, address=address, **values)
