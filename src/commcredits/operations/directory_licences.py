"""Which licences the members of a directory's groups have.

Knows the operator's map from names of groups, and that a group called like a licence stands for it. Refuses to know who
is in which group.
"""

from __future__ import annotations

from collections.abc import Iterable

from commcredits.core.roster import Licence
from commcredits.operations.services import Services


def licences_of_groups(services: Services, names: Iterable[str]) -> frozenset[Licence]:
    """The licences of whoever is in all of these groups; a code that is no licence counts for nothing."""
    codes: set[str] = set()
    for name in names:
        codes |= set(services.keys.group_licences.get(name.strip().casefold(), (name.strip(),)))
    return frozenset(Licence(code) for code in codes if code in tuple(Licence))
