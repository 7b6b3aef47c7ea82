"""The table of what each address of the portal asks for (portal_routes.txt), read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

Asked = tuple[str, ...] | None
"""All of these permissions; none for whoever is signed in; None where strangers are welcome."""

_WORDS: Final = {"somebody": (), "stranger": None}


def _read() -> dict[str, Asked]:
    table: dict[str, Asked] = {}
    for line in Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            route, _, words = line.rpartition(": ")
            table[route] = _WORDS[words] if words in _WORDS else tuple(words.split())
    return table


PORTAL_ROUTES: Final = _read()
