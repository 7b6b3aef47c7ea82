"""The sentences of every edge, in each language: gettext catalogues, read once and compiled in memory.

Knows the ``.po`` files beside it. Refuses to know who says which sentence. There is no compiled file to build, ship or
forget: the catalogue that a translator edits is the one that runs. ``scripts/update_translations.py`` keeps them
complete.
"""

from __future__ import annotations

from importlib.resources import files
from io import BytesIO
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LANGUAGES: Final = ("en", "ro")
"""The languages that are complete; the first is the one that sentences are written in."""

DOMAIN: Final = "commcredits"
"""The gettext domain of all catalogues."""


def marked(sentence: str) -> str:
    """The sentence itself. Its name tells the extraction that this text is translated where it is shown."""
    return sentence


def load(language: str) -> Translations:
    """The catalogue of one of LANGUAGES; takes some milliseconds, so load it once. ValueError for another language."""
    if language not in LANGUAGES:
        raise ValueError(f"no catalogue for the language {language[:16]!r}")
    source = files(__name__).joinpath(language, "LC_MESSAGES", f"{DOMAIN}.po")
    catalogue = read_po(BytesIO(source.read_bytes()), locale=language, domain=DOMAIN)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)
