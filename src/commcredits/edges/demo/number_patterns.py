r"""Reads the patterns of the numbering metadata and lists the digit templates they stand for.

Knows the small language that those patterns are written in: digits, ``\d``, classes, groups, alternatives and
counts. Refuses to know which country or kind of number a pattern describes.
"""

from __future__ import annotations

import re
from typing import Final

DigitTemplate = tuple[frozenset[str], ...]
"""For each position of a number, from the left, the digits that may stand there."""

ANY_DIGIT: Final = frozenset("0123456789")

_SYMBOL: Final = re.compile(r"\\d|\[[0-9-]+\]|\(\?:|\)|\||\{\d+(?:,\d+)?\}|\?|\d", re.ASCII)


class PatternError(ValueError):
    """A pattern that is written in more than the language this module reads."""


def digit_templates(pattern: str, positions_max: int) -> frozenset[DigitTemplate]:
    """Every template that a number of this pattern follows, cut off after ``positions_max`` positions.

    A template shorter than that is the template of a whole number. Raises PatternError for a pattern outside the
    language, so that a new edition of the metadata fails loudly and is never read by halves.
    """
    symbols = _SYMBOL.findall(pattern)
    if "".join(symbols) != pattern:
        raise PatternError(f"pattern {pattern[:80]!r} uses something besides digits, classes, groups and counts")
    reader = _Reader(symbols=symbols, positions_max=positions_max)
    templates = reader.alternatives()
    if not reader.at_end():
        raise PatternError(f"pattern {pattern[:80]!r} closes a group that it never opened")
    return frozenset(templates)


class _Reader:
    """Recursive descent over the symbols of one pattern."""

    def __init__(self, *, symbols: list[str], positions_max: int) -> None:
        self._symbols = symbols
        self._position = 0
        self._positions_max = positions_max

    def at_end(self) -> bool:
        return self._position == len(self._symbols)

    def alternatives(self) -> set[DigitTemplate]:
        """Templates of ``one|two|three``, up to the end or to the group's closing bracket."""
        templates = self._sequence()
        while self._next_is("|"):
            self._position += 1
            templates |= self._sequence()
        return templates

    def _sequence(self) -> set[DigitTemplate]:
        templates: set[DigitTemplate] = {()}
        while not (self.at_end() or self._next_is("|") or self._next_is(")")):
            item = self._item()
            repeated = self._repeated(item)
            templates = {(head + tail)[: self._positions_max] for head in templates for tail in repeated}
        return templates

    def _item(self) -> set[DigitTemplate]:
        symbol = self._take()
        if symbol == "(?:":
            templates = self.alternatives()
            if self.at_end():
                raise PatternError("a pattern leaves a group open")
            self._position += 1
            return templates
        if symbol == r"\d":
            return {(ANY_DIGIT,)}
        if symbol.startswith("["):
            return {(_class_digits(symbol[1:-1]),)}
        if symbol.isdigit():
            return {(frozenset(symbol),)}
        raise PatternError(f"a pattern repeats nothing: {symbol!r}")

    def _repeated(self, item: set[DigitTemplate]) -> set[DigitTemplate]:
        """The item as often as the count behind it says; once if there is none."""
        times_min, times_max = self._count()
        templates: set[DigitTemplate] = set()
        chain: set[DigitTemplate] = {()}
        for times in range(times_max + 1):
            if times >= times_min:
                templates |= chain
            chain = {(head + tail)[: self._positions_max] for head in chain for tail in item}
        return templates

    def _count(self) -> tuple[int, int]:
        if self._next_is("?"):
            self._position += 1
            return 0, 1
        if not self.at_end() and self._symbols[self._position].startswith("{"):
            bounds = self._take()[1:-1].split(",")
            return int(bounds[0]), int(bounds[-1])
        return 1, 1

    def _next_is(self, symbol: str) -> bool:
        return not self.at_end() and self._symbols[self._position] == symbol

    def _take(self) -> str:
        self._position += 1
        return self._symbols[self._position - 1]


def _class_digits(body: str) -> frozenset[str]:
    """Digits of a class such as ``02-57``."""
    digits: set[str] = set()
    for first, last in re.findall(r"(\d)(?:-(\d))?", body):
        digits.update(str(digit) for digit in range(int(first), int(last or first) + 1))
    return frozenset(digits)
