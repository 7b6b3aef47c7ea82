"""A rule may be switched off, for a reason that stands beside it."""

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.house.tree import ROOT, files, place, text_of

IGNORE: Final = re.compile(r"#\s*(?:ruff:\s*)?noqa\b|#\s*type:\s*ignore\b|#\s*mypy:\s*ignore|#\s*pragma:\s*no cover")
DIRECTIVE: Final = re.compile(
    r"#\s*(?:ruff:\s*)?noqa(?::\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+\b)*)?|#\s*type:\s*ignore(?:\[[\w, -]*\])?"
    r"|#\s*mypy:\s*ignore[\w-]*|#\s*pragma:\s*no cover"
)
BLANKET: Final = re.compile(r"#\s*(?:ruff:\s*)?noqa(?!\s*:)|#\s*type:\s*ignore(?!\[)")
REASON_WORDS_MIN: Final = 3


def _comments(path: Path) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text_of(path) or "").readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


@cache
def _ignores() -> tuple[tuple[str, str], ...]:
    """Where a rule is ignored, and the comment. Only files that hold such words at all are taken apart."""
    return tuple(
        (place(path, line), comment)
        for path in files()
        if path.suffix == ".py" and IGNORE.search(text_of(path) or "")
        for line, comment in _comments(path)
        if IGNORE.search(comment)
    )


def test_an_ignored_warning_carries_its_reason() -> None:
    bare = [
        f"{where} {comment}"
        for where, comment in _ignores()
        if len(re.findall(r"\w{2,}", DIRECTIVE.sub(" ", comment))) < REASON_WORDS_MIN
    ]
    assert bare == []


def test_an_ignored_warning_is_named() -> None:
    assert [f"{where} {comment}" for where, comment in _ignores() if BLANKET.search(comment)] == []


def test_a_rule_switched_off_for_the_tree_carries_its_reason() -> None:
    switched_off = re.compile(r'\s+"(?:[A-Z]+\d+|(?:ignore|default)(?::.*)?)",(?P<rest>.*)')
    bare = [
        line.strip()
        for line in (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
        if (match := switched_off.fullmatch(line)) and not re.search(r"#\s*\w+\S* \w+", match["rest"])
    ]
    assert bare == []


def test_a_loosened_type_check_carries_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text("utf-8").splitlines()
    bare = [
        f"pyproject.toml:{number + 1}"
        for number, line in enumerate(lines)
        if line == "[[tool.mypy.overrides]]" and not lines[number - 1].startswith("# ")
    ]
    assert bare == []
