"""Rules about the text of the tree: it speaks of the product alone, and works on any machine."""

import codecs
import re
from typing import Final

from tests.house.tree import ROOT, files, place, texts

PACKAGE_HOSTS: Final = re.compile(
    r"pypi[.]org|pythonhosted[.]|debian[.]org/|npmjs[.]|yarnpkg[.]|proxy[.]golang|(?:extra-)?index[-_]url\s*="
)
MACHINE_PATHS: Final = re.compile(r"(?<![\w.$}\])>])/(?:(?:work|root|tmp|home|var/tmp)(?:/|\b)(?![-(|])|Users/[a-z]+/)")
NAMED_DOCUMENT: Final = re.compile(r"[\w./-]*\w\.md\b")
NAMED_DECISION: Final = re.compile(r"decision records? (\d{4})")

# Turned by thirteen letters, so that this file keeps its own rule.
AUTHORING_TOOLS: Final = codecs.decode(
    "pynhqr|naguebcvp|pungtcg|tcg|pbcvybg|pb-nhguberq-ol|nv-trarengrq|nv nffvfgnag|ynathntr zbqry|yyzf?", "rot13"
)
AUTHORING_TOOL: Final = re.compile(rf"\b(?:{AUTHORING_TOOLS})\b", re.IGNORECASE)


def _lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{place(path, number)}: {line.strip()[:120]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_names_a_package_host() -> None:
    assert _lines_that_match(PACKAGE_HOSTS) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert _lines_that_match(MACHINE_PATHS) == []


def test_the_tree_speaks_of_the_product_and_not_of_how_it_was_typed() -> None:
    assert _lines_that_match(AUTHORING_TOOL) == []


def test_every_document_that_is_named_exists() -> None:
    known = {path.name for path in files()}
    missing = [
        f"{place(path, number)} names {match}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        for match in NAMED_DOCUMENT.findall(line)
        if match.rsplit("/", 1)[-1] not in known
    ]
    assert missing == []


def test_every_decision_that_is_cited_is_recorded() -> None:
    recorded = {path.name[:4] for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")}
    missing = [
        f"{place(path)} cites {number}"
        for path, text in texts()
        for number in NAMED_DECISION.findall(text)
        if number not in recorded
    ]
    assert missing == []


def test_every_statement_file_says_what_it_is_for_in_its_first_line() -> None:
    mute = [place(path) for path, text in texts() if path.suffix == ".sql" and not re.match(r"-- \w[^\n]{15,}", text)]
    assert mute == []


def test_every_text_file_ends_with_one_line_break() -> None:
    found = [
        place(path)
        for path, text in texts()
        if "vendor" not in path.parts and text and (not text.endswith("\n") or text.endswith("\n\n"))
    ]
    assert found == []
