"""Who is in a group after a PATCH: as the protocol's own library has it, and soon even in a large group."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from scim2_models import Context, PatchOp

from commcredits.edges.http.scim.answering import ScimRefusal
from commcredits.edges.http.scim.membership import OPERATIONS_MAX, patched_group
from commcredits.edges.http.scim.models import Group, group_content, group_resource
from commcredits.operations.directory_groups import DirectoryGroup

URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
A, B, C = ({"value": each} for each in ("a", "b", "c"))


def group(*members: str) -> Group:
    known = DirectoryGroup(
        group_id="g", display_name="Telephony", external_id="x", members=members, created_at=AT, changed_at=AT
    )
    return group_resource(known, "https://credits.example.com/scim")


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [URN], "Operations": list(operations)}


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "add", "path": "members", "value": [B, C]}],
        [{"op": "Add", "path": "Members", "value": [A]}, {"op": "remove", "path": 'members[value eq "b"]'}],
        [{"op": "remove", "path": 'members[value eq "nobody"]'}, {"op": "replace", "value": {"displayName": "Others"}}],
        [{"op": "replace", "path": "members", "value": [C]}, {"op": "replace", "path": "displayName", "value": "O"}],
        [{"op": "replace", "value": {"members": [C], "externalId": "y"}}],
        [{"op": "add", "value": {"members": [C]}}],
        [{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [B]}],
        [{"op": "remove", "path": "urn:ietf:params:scim:schemas:core:2.0:Group:members", "value": None}],
        [{"op": "remove", "path": 'members[value eq "a" or value eq "b"]'}],
    ],
)
def test_members_come_and_go_as_the_library_has_it(operations: list[dict[str, Any]]) -> None:
    known = group("a", "b")
    PatchOp[Group].model_validate(patch(*operations), scim_ctx=Context.RESOURCE_PATCH_REQUEST).patch(known)
    ours = patched_group(patch(*operations), group("a", "b"))
    theirs = group_content(known)
    assert set(ours.members) == set(theirs.members)
    assert (ours.display_name, ours.external_id) == (theirs.display_name, theirs.external_id)


def test_a_large_group_changes_in_a_moment() -> None:
    members = [f"member-{place}" for place in range(20_000)]
    leaving = [{"op": "remove", "path": f'members[value eq "{each}"]'} for each in members[:500]]
    began = time.process_time()
    after = patched_group(patch(*leaving), group(*members))
    assert len(after.members) == 19_500
    assert time.process_time() - began < 10, "member by member it takes an hour"


def test_what_would_take_long_is_refused() -> None:
    one = {"op": "add", "path": "members", "value": [A]}
    with pytest.raises(ScimRefusal, match="at most"):
        patched_group(patch(*[one] * (OPERATIONS_MAX + 1)), group())
    some = {"op": "remove", "path": 'members[value sw "member-1"]'}
    with pytest.raises(ScimRefusal, match="by value alone"):
        patched_group(patch(some), group(*(f"member-{place}" for place in range(3_000))))
