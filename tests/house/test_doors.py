"""Every operation that an edge calls is a door: it says which permission it asks for."""

import ast
import importlib
import inspect
import pkgutil
from functools import cache
from typing import Final

from commcredits import operations
from commcredits.operations.permitting import PERMISSION
from tests.house.tree import ROOT, SOURCE, modules

EDGES: Final = ("http/administration", "http/graph", "http/scim", "portal", "cli")
"""Where requests of people and programs come in; the worker and the switches act as the product itself."""

OPEN_TO_ALL: Final[dict[str, str]] = {
    "approvals.find_sent_top_up": "whoever pays need not be anybody here: the attempt's id is the secret",
    "approvals.resume_sent_top_up": "as above",
    "health.check_health": "a load balancer has no key",
    "key_tokens.issue_token": "whoever asks has just shown the key itself",
    "invitations.find_invitation": "whoever is invited is nobody here yet: the token is the secret",
    "invitations.open_invitation": "as above",
    "passkeys.accept_with_new_passkey": "as above",
    "passkeys.accept_with_own_passkey": "as above",
    "passkeys.recognise": "signing in is open to all: the passkey is the proof",
    "passkeys.add_own_passkey": "one's own: the visit says whose",
    "passkeys.list_own_passkeys": "as above",
    "passkeys.remove_own_passkey": "as above",
    "sign_in_operator.sign_in_with_password": "signing in is open to all: password and code are the proof",
    "sign_in_operator.sign_in_with_token": "signing in is open to all: the token is the proof",
    "sign_in_providers.accept_with_identity": "signing in is open to all: the provider's signature is the proof",
    "sign_in_providers.sign_in_identity": "as above",
    "sign_in_providers.is_same_person": "as above, for who is signed in already",
    "sign_in_providers.link_own_identity": "one's own: the visit says whose",
    "sign_in_providers.list_own_issuers": "as above",
    "visits.begin_visit": "the last step of signing in: an entrant has proved who they are",
    "visits.find_visit": "the cookie's secret is the proof",
    "visits.see_visit": "one's own: the visit says whose",
    "visits.prove_visit": "as above",
    "visits.end_visit": "as above",
    "visits.end_own_visits": "as above",
    "visits.list_own_visits": "as above",
    "visits.hold_form": "as above",
    "visits.take_held_form": "as above",
    "visits.spend_code": "tells only whether a random code was shown before",
    "payment_messages.receive_webhook": "the gateway's signature is the proof",
    "tariffs.check_rates": "reads what the sender sent, and nothing of ours",
}
"""Operations without a permission that edges call all the same, each with the reason."""


NAMES_NO_ORGANIZATION: Final[dict[str, str]] = {
    "attention.read_live_marks": "for many at once; somebody of an organization is told of their own alone",
    "number_stock.search_stock": "numbers that nobody has yet are shown to whoever may acquire one",
    "rate_explaining.explain_rate": "names an organization, or a deck, which it gives to the operator alone",
}
"""Operations that people of organizations may do and that name none, each with what keeps them to their own."""


@cache
def _called_by_edges() -> frozenset[str]:
    """Every name that an edge imports from an operation or reaches through its module, as ``module.name``."""
    found: set[str] = set()
    for path, tree in modules(SOURCE / "edges"):
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
    return frozenset(found)


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


def test_what_people_of_organizations_may_do_names_the_organization_by_the_word_that_the_door_reads() -> None:
    found = set()
    for each in pkgutil.iter_modules(operations.__path__):
        module = importlib.import_module(f"commcredits.operations.{each.name}")
        for name, called in vars(module).items():
            permission = getattr(called, PERMISSION, None)
            if permission is None or permission.is_operators or called.__module__ != module.__name__:
                continue
            given = inspect.signature(called).parameters.get("organization_id")
            if given is None or given.kind is not given.KEYWORD_ONLY or given.default is not given.empty:
                found.add(f"{each.name}.{name}")
    assert found == set(NAMES_NO_ORGANIZATION)
