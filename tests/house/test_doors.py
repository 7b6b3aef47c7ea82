"""Every operation that an edge calls is a door: it says which permission it asks for."""

import ast
import importlib
import inspect
from typing import Final

from commcredits.operations.permitting import PERMISSION
from tests.house.tree import ROOT, modules

EDGES: Final = ("http/administration", "http/graph", "portal", "cli")
"""Where requests of people and programs come in; the worker and the switches act as the product itself."""

OPEN_TO_ALL: Final[dict[str, str]] = {
    "approvals.find_sent_top_up": "whoever pays need not be anybody here: the attempt's id is the secret",
    "approvals.resume_sent_top_up": "as above",
    "health.check_health": "a load balancer has no key",
    "key_tokens.issue_token": "whoever asks has just shown the key itself",
    "payment_messages.receive_webhook": "the gateway's signature is the proof",
    "tariffs.check_rates": "reads what the sender sent, and nothing of ours",
}
"""Operations without a permission that edges call all the same, each with the reason."""


def _called_by_edges() -> set[str]:
    """Every name that an edge imports from an operation or reaches through its module, as ``module.name``."""
    found: set[str] = set()
    for path, tree in modules():
        place = path.relative_to(ROOT).as_posix()
        if not any(place.startswith(f"src/commcredits/edges/{edge}/") for edge in EDGES):
            continue
        aliases = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "commcredits.operations":
                aliases.update({(each.asname or each.name): each.name for each in node.names})
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("commcredits.operations."):
                module = str(node.module).removeprefix("commcredits.operations.")
                found.update(f"{module}.{each.name}" for each in node.names)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
                found.add(f"{aliases[node.value.id]}.{node.attr}")
    return found


def _is_unmarked_operation(name: str) -> bool:
    module, _, attribute = name.rpartition(".")
    if module.startswith("call_mappings") or not module:
        return False
    called = getattr(importlib.import_module(f"commcredits.operations.{module}"), attribute, None)
    return inspect.iscoroutinefunction(called) and not hasattr(called, PERMISSION)


def test_every_operation_that_an_edge_calls_asks_for_a_permission() -> None:
    unmarked = {name for name in _called_by_edges() if _is_unmarked_operation(name)}
    assert unmarked - set(OPEN_TO_ALL) == set()


def test_an_excuse_for_an_open_operation_is_still_needed() -> None:
    called = _called_by_edges()
    assert [name for name in OPEN_TO_ALL if name not in called or not _is_unmarked_operation(name)] == []
