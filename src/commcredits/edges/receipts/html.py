"""A sheet as one HTML page that needs nothing else: no script, no picture, no font from elsewhere.

Knows the template. Refuses markup from outside: every text is escaped and stands in a direction of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from commcredits.edges.receipts.sheet import Sheet

PAGE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'"
"""What a browser may do with the page (Content-Security-Policy): show it."""


def html_of(sheet: Sheet) -> bytes:
    """The page in UTF-8."""
    return _template().render(sheet=sheet).encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("commcredits.edges.receipts"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("receipt.html")
