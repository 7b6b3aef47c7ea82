"""What the house rules read: the files of this tree, as git sees them, parsed once.

Knows paths and text. Refuses to know the rules.
"""

import ast
import gc
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src" / "commcredits"
HAND_WRITTEN_SUFFIXES = frozenset({".py", ".sql", ".css", ".js"})


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or could be, committed: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted({path for name in listed.split("\0") if name and (path := ROOT / name).is_file()}))


@cache
def text_of(path: Path) -> str | None:
    """The file's text; None for a picture or another binary."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the tree with its text."""
    for path in files():
        text = text_of(path)
        if text is not None:
            yield path, text


def hand_written() -> Iterator[Path]:
    """The code of the tree; files under a folder named `vendor` were written elsewhere and are kept as they came."""
    for path in files():
        if path.suffix in HAND_WRITTEN_SUFFIXES and "vendor" not in path.parts:
            yield path


def modules(folder: Path = ROOT) -> Iterator[tuple[Path, ast.Module]]:
    """Every Python module under the folder with its syntax tree."""
    for path in files():
        if path.suffix == ".py" and path.is_relative_to(folder):
            yield path, syntax_of(path)


@cache
def syntax_of(path: Path) -> ast.Module:
    """The syntax tree of one module."""
    # A tree has no cycles, and all are kept: a collector that walks them again and again takes most of the time.
    gc.disable()
    try:
        return ast.parse(path.read_text("utf-8"), str(path))
    finally:
        gc.enable()


def place(path: Path, line: int | None = None) -> str:
    """Path and line as an editor opens them."""
    name = path.relative_to(ROOT).as_posix()
    return name if line is None else f"{name}:{line}"
