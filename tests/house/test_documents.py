"""The documents keep up with the tree."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house.tree import ROOT, SOURCE, files, place

DECISIONS: Final = ROOT / "docs" / "decisions"
DECISION_HEADINGS: Final = ["## Context", "## Decision", "## Consequences"]


def _parts_of_the_layers() -> Iterator[str]:
    """Each module directly in a layer by its file name, each package in a layer by its folder name."""
    for path in files():
        if path.suffix == ".py" and path.is_relative_to(SOURCE):
            below = path.relative_to(SOURCE).parts[1:]
            if below and below != ("__init__.py",):
                yield below[0] + ("/" if len(below) > 1 else "")


def test_the_architecture_page_has_a_line_for_every_part_of_a_layer() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert sorted({name for name in _parts_of_the_layers() if f"\n| `{name}` |" not in page}) == []


def test_the_architecture_page_has_no_line_for_what_is_gone() -> None:
    lines = re.findall(r"^\| `([^`]+)` \|", (ROOT / "ARCHITECTURE.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(set(lines) - set(_parts_of_the_layers())) == []


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert re.search(r"^## \[?Unreleased\]?", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)


def test_decision_records_have_one_shape() -> None:
    misshapen = [
        place(path)
        for path in sorted(DECISIONS.glob("[0-9]*.md"))
        if re.findall(r"^## .*$", text := path.read_text("utf-8"), re.MULTILINE) != DECISION_HEADINGS
        or not text.startswith(f"# {path.name[:4]} ")
    ]
    assert misshapen == []


def test_the_list_of_decisions_is_complete() -> None:
    index = (DECISIONS / "README.md").read_text("utf-8")
    assert [path.name for path in sorted(DECISIONS.glob("[0-9]*.md")) if f"({path.name})" not in index] == []


def test_every_make_target_says_what_it_does() -> None:
    rules = re.findall(r"^([a-z]+):(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert [name for name, rest in rules if "## " not in rest] == []


def test_make_alone_lists_the_targets() -> None:
    shown = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert set(re.findall(r"make (\w+)", shown.stdout)) >= {
        "demo", "serve", "test", "check", "bench", "call", "fmt", "lock"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"])
def test_a_newcomer_finds_the_usual_documents(name: str) -> None:
    assert Path(ROOT / name).read_text("utf-8").strip()
