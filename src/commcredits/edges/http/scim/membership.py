"""Changing who is in a group by PATCH (RFC 7644 §3.5.2): however many there are, each change costs as little.

Knows the forms in which directories add, remove and replace members, and works them out as sets. Refuses requests of
more operations than any directory sends, and leaves other forms to the library where they are few: it goes through all
members for each operation, and nobody else would be served meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from scim2_models import Context, PatchOp

from commcredits.edges.http.scim.answering import ScimRefusal
from commcredits.edges.http.scim.models import Group, group_content
from commcredits.operations.directory_groups import GroupContent

OPERATIONS_MAX: Final = 1_000
"""Most operations of one request."""

STEPS_MAX: Final = 2_000
"""Most operations times members that the library is left with: a fraction of a second."""

_MEMBERS: Final = "members"
_CORE: Final = "urn:ietf:params:scim:schemas:core:2.0:group:"
_ONE: Final = re.compile(r'members\[\s*value\s+eq\s+"([^"\\]*)"\s*\]', re.IGNORECASE)
_VERBS: Final = frozenset({"add", "remove", "replace"})


def check_patch(body: Any) -> None:
    """Raise ScimRefusal for a PATCH of more operations than are taken."""
    if len(_operations(body)) > OPERATIONS_MAX:
        raise ScimRefusal(400, f"A request has at most {OPERATIONS_MAX} operations.", "tooMany")


def patched_group(body: Any, known: Group) -> GroupContent:
    """The content of a group after a PATCH. Raises what the library raises for one that is none, and ScimRefusal."""
    check_patch(body)
    # What is wrong with a request is found out over the whole of it, before anything of it is taken.
    PatchOp[Group].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    before = group_content(known).members
    members, others = dict.fromkeys(before), []
    for operation in _operations(body):
        left = _taken(operation, members)
        if left is None:
            continue
        others.append(left)
        if _path(left).startswith(_MEMBERS):
            if len(_operations(body)) * max(1, len(before)) > STEPS_MAX:
                raise ScimRefusal(400, "Members of so large a group are named by value alone.", "tooMany")
            return _by_library(body, known)
    # The library need not carry the members along.
    known.members = None
    content = group_content(known)
    if others:
        content = _by_library({**_without_operations(body), "Operations": others}, known)
    return replace(content, members=tuple(members))


def _by_library(body: Any, known: Group) -> GroupContent:
    PatchOp[Group].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(known)
    return group_content(known)


def _taken(operation: Mapping[str, Any], members: dict[str, None]) -> Mapping[str, Any] | None:
    """Change the members as an operation says; returns what is left of it for the library."""
    verb, path, value = str(_field(operation, "op")).lower(), _path(operation), _field(operation, "value")
    one = _ONE.fullmatch(path)
    if verb not in _VERBS:
        return operation
    if one is not None and verb == "remove":
        members.pop(one[1], None)
        return None
    if path == _MEMBERS and (verb == "remove" and value is None):
        members.clear()
        return None
    if path == _MEMBERS:
        return None if _change(verb, value, members) else operation
    if path or not isinstance(value, dict):
        return operation
    name = next((each for each in value if each.lower() == _MEMBERS), None)
    if name is None or not _change(verb, value[name], members):
        return operation
    rest = {each: content for each, content in value.items() if each != name}
    return {**operation, "value": rest} if rest else None


def _change(verb: str, value: Any, members: dict[str, None]) -> bool:
    """Add, remove or put in place of all these members; False for what does not name them by value."""
    listed = value if isinstance(value, list) else [value]
    given = [each.get("value") if isinstance(each, dict) else None for each in listed]
    named = [each for each in given if isinstance(each, str)]
    if len(named) != len(listed):
        return False
    if verb == "remove":
        for each in named:
            members.pop(each, None)
        return True
    if verb == "replace":
        members.clear()
    members.update(dict.fromkeys(named))
    return True


def _operations(body: Any) -> list[Any]:
    found = _field(body, "Operations") if isinstance(body, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _without_operations(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name.lower() != "operations"}


def _path(operation: Mapping[str, Any]) -> str:
    path = str(_field(operation, "path") or "").strip()
    plain = path[len(_CORE) :] if path.lower().startswith(_CORE) else path
    # A value in brackets keeps its capitals; the attribute's name has none.
    return _MEMBERS + plain[len(_MEMBERS) :] if plain.lower().startswith(_MEMBERS) else plain


def _field(record: Mapping[str, Any], name: str) -> Any:
    """A field by its name, whose capitals do not matter (RFC 7643 §2.1)."""
    return next((value for each, value in record.items() if each.lower() == name.lower()), None)
