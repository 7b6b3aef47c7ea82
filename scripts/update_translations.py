"""Gathers the sentences of all edges into the gettext catalogues, and says what a translator still has to do.

Knows babel.toml and the catalogues. Refuses to guess: a changed sentence is a new one to translate, never a fuzzy
match. English is the language that sentences are written in, so its catalogue fills itself.

    python scripts/update_translations.py write    gather, and update every catalogue
    python scripts/update_translations.py check    exit 1 and say what is missing, one line each; changes nothing
"""

import sys
import tomllib
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parent.parent
CONFIGURATION: Final = ROOT / "babel.toml"
CATALOGUES: Final = ROOT / "src" / "commcredits" / "edges" / "translations"
DOMAIN: Final = "commcredits"
LANGUAGES: Final = ("en", "ro")
SOURCE_LANGUAGE: Final = "en"
COMMENT_TAG: Final = "Translators:"

KEYWORDS: Final = {**DEFAULT_KEYWORDS, "marked": None}
"""What marks a sentence: gettext's own functions, and the mark for sentences that are translated elsewhere."""

HEADER: Final = """\
# Sentences of the edges. One catalogue for all of them; update it with
# `python scripts/update_translations.py write`.
#"""


def path_of(language: str) -> Path:
    """The catalogue's file."""
    return CATALOGUES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def extracted() -> Catalog:
    """Every sentence that the sources mark, with the files that it stands in."""
    configuration = tomllib.loads(CONFIGURATION.read_text("utf-8"))
    methods = [(mapping["pattern"], mapping["method"]) for mapping in configuration["mappings"]]
    options = {
        mapping["pattern"]: {key: value for key, value in mapping.items() if key not in ("pattern", "method")}
        for mapping in configuration["mappings"]
    }
    catalogue = Catalog(domain=DOMAIN, header_comment=HEADER)
    found = extract_from_dir(ROOT, methods, options, KEYWORDS, comment_tags=(COMMENT_TAG,), strip_comment_tags=True)
    for filename, _, sentence, comments, context in found:
        catalogue.add(sentence, None, [(filename, 0)], auto_comments=comments, context=context)
    return catalogue


def read(language: str) -> Catalog:
    """The catalogue as it stands; an empty one where there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, domain=DOMAIN)
    return read_po(BytesIO(path.read_bytes()), locale=language, domain=DOMAIN)


def updated(language: str, template: Catalog) -> bytes:
    """The catalogue's file with exactly the template's sentences, and the translations that it had."""
    before = read(language)
    after = Catalog(
        locale=language,
        domain=DOMAIN,
        header_comment=HEADER,
        project=DOMAIN,
        version="1",
        language_team=language,
        fuzzy=False,
    )
    for message in template:
        if not message.id:
            continue
        known = before.get(message.id, context=message.context)
        after[message.id] = Message(
            message.id,
            _translation(language, message, known),
            locations=sorted({(file, 0) for file, _ in message.locations}),
            auto_comments=message.auto_comments,
            user_comments=known.user_comments if known else (),
            flags=message.flags & {"python-format"},
            context=message.context,
        )
    written = BytesIO()
    write_po(written, after, sort_output=True, include_lineno=False, width=110)
    kept = [line for line in written.getvalue().decode().splitlines() if not line.startswith(_CHANGING)]
    return ("\n".join(kept).strip() + "\n").encode()


_CHANGING: Final = ('"POT-Creation-Date', '"PO-Revision-Date', '"Generated-By', '"Last-Translator', '"Report-Msgid')
"""Header lines that say when and by what, and would make every update a change."""


def _translation(language: str, message: Message, known: Message | None) -> str | tuple[str, ...] | list[str]:
    if language == SOURCE_LANGUAGE:
        return tuple(message.id) if isinstance(message.id, (list, tuple)) else message.id
    return (known.string or "") if known else ""


def problems() -> list[str]:
    """What is wrong with the catalogues, a sentence each; empty when they are complete and up to date."""
    template = extracted()
    found = []
    for language in LANGUAGES:
        if not path_of(language).exists() or path_of(language).read_bytes() != updated(language, template):
            found.append(f"{language}: the catalogue is not what the sources say (run `update_translations.py write`)")
        for message in read(language):
            if not message.id:
                continue
            strings = message.string if isinstance(message.string, (list, tuple)) else [message.string]
            if not all(strings):
                found.append(f"{language}: not translated: {message.id!r}")
            if message.fuzzy:
                found.append(f"{language}: fuzzy: {message.id!r}")
            found += [f"{language}: {error} in {message.id!r}" for error in message.check()]
    return found


def write() -> int:
    """Update every catalogue, then tell what is left to translate."""
    template = extracted()
    for language in LANGUAGES:
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(updated(language, template))
        print(f"{path.relative_to(ROOT)}: {len(read(language))} sentences")
    return check()


def check() -> int:
    """Print what is wrong; 0 when nothing is."""
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            sys.exit(write())
        case ["check"]:
            sys.exit(check())
        case _:
            sys.exit(__doc__)
