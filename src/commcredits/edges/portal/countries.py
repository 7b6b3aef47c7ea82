"""Countries to choose from, by name in a language.

Knows which countries have telephone numbers. Refuses to know what a country decides.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from phonenumbers import SUPPORTED_REGIONS

from commcredits.edges.portal.formatting import Formats


@lru_cache(maxsize=8)
def countries_of(language: str) -> tuple[tuple[str, str], ...]:
    """Codes and names (ISO 3166-1) in the order of the names, accents apart."""
    formats = Formats(language=language)
    named = [(code, formats.country(code)) for code in SUPPORTED_REGIONS]
    return tuple(sorted(named, key=lambda pair: _plain(pair[1])))


def _plain(name: str) -> str:
    """A name without its accents, as dictionaries order them."""
    return "".join(each for each in unicodedata.normalize("NFD", name) if not unicodedata.combining(each)).casefold()
