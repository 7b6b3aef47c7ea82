"""Writes the tables of docs/roles.md from the table that decides, so that the page never says what is not so.

Knows the core's roles and the marks that operations carry. Refuses to decide anything, and to write prose: that stands
in the page itself, around the places that name a table.

    python scripts/write_roles.py write    write the tables
    python scripts/write_roles.py check    exit 1 when one is not what the code says; changes nothing
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from commcredits import operations
from commcredits.core.access import ROLE_PERMISSIONS, Permission, Role
from commcredits.operations.permitting import ACT, PERMISSION

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "roles.md"
PLACE: Final = re.compile(r"(<!-- written: (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)

OF_ORGANIZATIONS: Final = tuple(role for role in Role if not role.is_operators)
OF_THE_OPERATOR: Final = tuple(role for role in Role if role.is_operators)


def organizations() -> str:
    """What roles of an organization may do."""
    return _roles(OF_ORGANIZATIONS, (each for each in Permission if not each.is_operators))


def operator() -> str:
    """What roles of the operator may do."""
    return _roles(OF_THE_OPERATOR, Permission)


def doors() -> str:
    """Which operations ask for which permission; those that change something stand last."""
    found: dict[Permission, dict[bool, list[str]]] = {}
    for module in pkgutil.iter_modules(operations.__path__):
        namespace = vars(importlib.import_module(f"commcredits.operations.{module.name}"))
        for name, value in namespace.items():
            permission = getattr(value, PERMISSION, None)
            if permission is not None and value.__module__.endswith(f".{module.name}"):
                found.setdefault(permission, {}).setdefault(getattr(value, ACT), []).append(name)
    lines = (
        (f"`{permission}`", _names(kinds.get(False, [])), _names(kinds.get(True, [])))
        for permission, kinds in sorted(found.items())
    )
    return _table(("Permission", "Reads", "Changes"), lines)


def _names(names: list[str]) -> str:
    return ", ".join(sorted(name.replace("_", " ") for name in names)) or "–"


def _roles(roles: Iterable[Role], permissions: Iterable[Permission]) -> str:
    columns = tuple(roles)
    lines = (
        (f"`{permission}`", *("yes" if permission in ROLE_PERMISSIONS[role] else "–" for role in columns))
        for permission in permissions
    )
    return _table(("Permission", *(f"`{role}`" for role in columns)), lines)


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    titles = tuple(head)
    rows = [titles, tuple("---" for _ in titles), *(tuple(line) for line in lines)]
    return "".join(f"| {' | '.join(row)} |\n".replace("| --- ", "|---").replace("|--- |", "|---|") for row in rows)


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "organizations": organizations,
    "operator": operator,
    "doors": doors,
}


def written(page: str) -> str:
    """The page with every table as the code has it."""
    return PLACE.sub(lambda place: f"{place[1]}{TABLES[place[2]]()}{place[3]}", page)


def main(word: str) -> int:
    """Write, or say whether there is something to write."""
    page = PAGE.read_text("utf-8")
    if word == "write":
        PAGE.write_text(written(page), "utf-8")
        return 0
    if page == written(page):
        return 0
    print("docs/roles.md is not what the code says (run `python scripts/write_roles.py write`)", file=sys.stderr)
    return 1


if __name__ == "__main__":
    if sys.argv[1:] not in (["write"], ["check"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
