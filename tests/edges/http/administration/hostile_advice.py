"""Hostile requests for advice."""

from __future__ import annotations

from tests.edges.http.administration.hostile import ORGANIZATION, get
from tests.edges.http.administration.hostile_policies import NOWHERE, UNKNOWN

HOSTILE_ADVICE = [
    get("advice with a parameter", f"{ORGANIZATION}/advice?risk=0", "risk"),
    get("advice on plans with a parameter", f"{ORGANIZATION}/advice/plans?user=x", "user"),
    get("advice of nobody", f"{NOWHERE}/advice", "", **UNKNOWN),
    get("advice on plans of nobody", f"{NOWHERE}/advice/plans", "", **UNKNOWN),
]
"""All of them."""
