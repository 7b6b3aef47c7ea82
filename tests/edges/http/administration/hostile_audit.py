"""Requests about the audit log that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import ORGANIZATION, UNKNOWN_ID, Hostile, get

NOWHERE = f"/v1/organizations/{UNKNOWN_ID}"
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_organization"}
OTHERS_CURSOR = "WyJjYWxscyIsIjEiLCJhIl0"

HOSTILE_AUDIT = [
    *(
        each
        for log in (f"{ORGANIZATION}/audit", "/v1/audit")
        for each in (
            get(f"{log} after a place of another list", f"{log}?cursor={OTHERS_CURSOR}", "cursor"),
            get(f"{log} of a long actor", f"{log}?actor={'a' * 301}", "actor"),
            get(f"{log} of an operation on two lines", f"{log}?operation=a%0Ab", "operation"),
            get(f"{log} of a subject that hides", f"{log}?subject=a%E2%80%AEb", "subject"),
            get(f"{log} from yesterday", f"{log}?from=yesterday", "from"),
            get(f"{log} that ends first", f"{log}?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
            get(f"{log} of everything at once", f"{log}?limit=201", "limit"),
            get(f"{log} as a file that ends first", f"{log}.csv?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
                "to"),
        )
    ),
    *(
        get(f"the log of nobody, {what}", f"{NOWHERE}/audit{what}", "", **UNKNOWN)
        for what in ("", ".csv", ".jsonl", "/head")
    ),
    *(
        Hostile(name=f"a proof since {since}", method="POST", path=f"/v1/audit/verify?since={since}", status=422,
                code="invalid_input", field="since")
        for since in ("yesterday", f"{UNKNOWN_ID}:0:{'a' * 64}", f"{UNKNOWN_ID}:1:{'A' * 64}",
                      f"{UNKNOWN_ID}:{'9' * 19}:{'a' * 64}")
    ),
]  # fmt: skip
"""All of them."""
