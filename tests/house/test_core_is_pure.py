"""The core computes: whole numbers in, decisions out. It reads no clock, rolls no dice and talks to nobody."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.house.tree import SOURCE, modules, place

CORE: Final = SOURCE / "core"

WORLDLY_MODULES: Final = frozenset({
    "asyncio", "concurrent", "multiprocessing", "queue", "sched", "select", "selectors", "signal", "subprocess",
    "threading",
    "fcntl", "glob", "io", "mmap", "os", "pathlib", "shutil", "sqlite3", "sys", "tempfile",
    "http", "socket", "socketserver", "ssl", "urllib",
    "random", "secrets", "time", "uuid",
    "ctypes", "getpass", "locale", "logging", "platform", "warnings", "weakref",
})  # fmt: skip
"""Modules of the standard library through which the world comes in."""

RECORD_MODULES: Final = frozenset({"msgspec", "msgspec.structs"})
"""What the core's records are made with: docs/decisions/0008-records-are-msgspec-structs.md."""

DATA_MODULES: Final = frozenset({"phonenumbers", "stdnum", "stdnum.eu", "stdnum.exceptions"})
"""The world's numbering plans, of telephones and of taxes: data, and pure functions over it that talk to nobody."""

CLOCK_READERS: Final = frozenset({"now", "utcnow", "today"})
WORLDLY_BUILTINS: Final = frozenset({"open", "print", "input", "exec", "eval"})


def _nodes() -> Iterator[tuple[Path, ast.AST]]:
    for path, tree in modules(CORE):
        for node in ast.walk(tree):
            yield path, node


def _imported_from(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0:
        return [node.module or ""]
    return []


def test_money_is_never_divided_into_a_fraction() -> None:
    found = [
        place(path, node.lineno)
        for path, node in _nodes()
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
    ]
    assert found == []


def test_money_is_never_a_floating_point_number() -> None:
    names = [place(path, node.lineno) for path, node in _nodes() if isinstance(node, ast.Name) and node.id == "float"]
    literals = [
        place(path, node.lineno)
        for path, node in _nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
    ]
    assert names + literals == []


def test_the_core_imports_itself_the_standard_library_records_and_numbering_plans_only() -> None:
    foreign = [
        f"{place(path)} imports {name}"
        for path, node in _nodes()
        for name in _imported_from(node)
        if not (name + ".").startswith("commcredits.core.")
        and name.split(".")[0] not in sys.stdlib_module_names
        and name not in RECORD_MODULES | DATA_MODULES
    ]
    assert foreign == []


def test_the_core_has_no_door_to_the_world() -> None:
    doors = [
        f"{place(path)} imports {name}"
        for path, node in _nodes()
        for name in _imported_from(node)
        if name.split(".")[0] in WORLDLY_MODULES
    ]
    calls = [
        f"{place(path, node.lineno)} calls {node.func.id}"
        for path, node in _nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WORLDLY_BUILTINS
    ]
    assert doors + calls == []


def test_time_reaches_the_core_as_an_argument() -> None:
    readers = [
        place(path, node.lineno)
        for path, node in _nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_READERS
    ]
    assert readers == []


NAMES_IN_A_FILE_FORMAT: Final[dict[str, str]] = {
    "src/commcredits/operations/call_records.py": "report rows carry countries by their English names, always",
}
"""Modules outside the edges that know names for people, each with the reason."""


def test_sentences_for_people_are_translated_at_edges_only() -> None:
    found = [
        f"{place(path)} imports {name}"
        for path, tree in modules(SOURCE)
        if not path.is_relative_to(SOURCE / "edges") and place(path) not in NAMES_IN_A_FILE_FORMAT
        for node in ast.walk(tree)
        for name in _imported_from(node)
        if name.split(".")[0] in {"gettext", "babel"}
    ]
    assert found == []
