"""Which language a page is written in: the cookie that the language switch set, else what the browser asks for.

Knows RFC 9110's Accept-Language. Refuses to know sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

HEADER_LENGTH_MAX: Final = 500
"""Longest Accept-Language header that is looked at."""


def choose(*, cookie: str, accept_language: str, available: Sequence[str]) -> str:
    """One of the available languages; the first of them when nothing speaks for another."""
    if cookie in available:
        return cookie
    for wanted in _wanted(accept_language[:HEADER_LENGTH_MAX]):
        if wanted in available:
            return wanted
    return available[0]


def _wanted(header: str) -> list[str]:
    """Primary language tags in order of preference; a weight that cannot be read counts as refused."""
    weighted: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter.strip())
        if weight > 0:
            weighted.append((-weight, tag.strip().split("-", 1)[0].lower()))
    return [tag for _, tag in sorted(weighted, key=lambda each: each[0])]


def _weight(parameter: str) -> float:
    if not parameter:
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0
