"""Rules about the shape of code: said at the top, small enough to hold in the head."""

import ast
from typing import Final

from tests.house.tree import ROOT, hand_written, modules, place

MODULE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 60

LONG_MODULES_WITH_A_REASON: Final[dict[str, str]] = {}
"""Paths from the root that may pass the limit, each with the reason why splitting it would make it harder to read."""


def test_every_module_says_what_it_is() -> None:
    mute = [place(path) for path, tree in modules() if not ast.get_docstring(tree)]
    assert mute == []


def test_no_module_holds_two_ideas() -> None:
    long = {}
    for path in hand_written():
        count = len(path.read_text("utf-8").splitlines())
        if count > MODULE_LINES_MAX and place(path) not in LONG_MODULES_WITH_A_REASON:
            long[place(path)] = count
    assert long == {}


def test_an_excuse_for_a_long_module_is_still_needed() -> None:
    outlived = [
        name
        for name in LONG_MODULES_WITH_A_REASON
        if not (ROOT / name).is_file() or len((ROOT / name).read_text("utf-8").splitlines()) <= MODULE_LINES_MAX
    ]
    assert outlived == []


def test_no_function_is_longer_than_a_screen() -> None:
    long = {}
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > FUNCTION_LINES_MAX:
                    long[f"{place(path, node.lineno)} {node.name}"] = count
    assert long == {}
