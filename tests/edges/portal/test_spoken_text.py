"""Every sentence of the portal's modules can be translated, and Romanian counts as Romanian does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Message

from commcredits.edges import portal
from commcredits.edges.translations import load
from scripts.update_translations import read

MODULES: Final = sorted(Path(portal.__file__).parent.rglob("*.py"))
SPOKEN: Final = frozenset({"title", "sentence", "label", "heading", "problem", "problem_title", "hint", "note"})
"""Names of parameters that a person reads what is given for."""

LITERAL_WITH_A_REASON: Final[dict[str, str]] = {
    "Communications Credits": "what authenticators keep the product under, in whatever language they speak",
}
"""Texts that are given as they are, each with the reason."""

_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_NO_NOUNS: Final = ("rămase",)
"""Words that may follow a number at once, for they say how things are and not what they are."""

_PLACE: Final = re.compile(r"%\((?:num|number)\)[sd]")


def _literals(tree: ast.AST) -> Iterator[ast.Constant]:
    """Texts that reach a person without going through a catalogue: named as spoken, or spoken without a mark."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [each.value for each in node.keywords if each.arg in SPOKEN]
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"say", "gettext"}:
            given += node.args[:1]
        yield from (
            each
            for each in given
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and _WORD.search(each.value)
        )


def test_no_module_says_what_no_catalogue_has() -> None:
    found = [
        f"{path.name}:{each.lineno} {each.value!r}"
        for path in MODULES
        for each in _literals(ast.parse(path.read_text("utf-8")))
        if each.value not in LITERAL_WITH_A_REASON
    ]
    assert found == []


def _forms(message: Message) -> list[str]:
    """One and many in English, then the three of Romanian."""
    assert isinstance(message.string, tuple | list)
    return [*map(str, message.id), *map(str, message.string)]


def _plurals() -> list[Message]:
    return [message for message in read("ro") if message.pluralizable and not message.fuzzy]


@pytest.mark.parametrize("message", _plurals(), ids=lambda message: str(message.id[0])[:60])
def test_romanian_counts_in_three_ways(message: Message) -> None:
    one, many, *forms = _forms(message)
    translations = load("ro")
    said = {count: translations.ngettext(one, many, count) for count in (1, 2, 19, 20, 21, 100, 101, 119, 120)}
    assert len(forms) == 3
    assert all(forms)
    assert [said[count] for count in (1, 2, 19, 101, 119)] == [forms[0], *[forms[1]] * 4]
    assert [said[count] for count in (20, 21, 100, 120)] == [forms[2]] * 4
    counted = _PLACE.search(forms[2])
    # Twenty and more are "20 de apeluri": the noun never follows the number at once.
    counted = _PLACE.search(forms[2])
    follows = "" if counted is None else forms[2][counted.end() :].strip()
    assert not _WORD.match(follows) or follows.startswith(("de ", *_NO_NOUNS))


@pytest.mark.parametrize("message", _plurals(), ids=lambda message: str(message.id[0])[:60])
def test_each_way_of_counting_names_the_same_facts(message: Message) -> None:
    one, *others = (set(re.findall(r"%\((\w+)\)", form)) - {"num", "number"} for form in _forms(message))
    romanian_one, *romanian_others = others[1:]
    # Where there is one of a thing, its number need not be said.
    assert one | romanian_one <= others[0]
    assert romanian_others == [others[0]] * 2
