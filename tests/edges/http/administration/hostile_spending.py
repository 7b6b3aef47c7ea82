"""Hostile requests for spending, statements, conference dial-out and explained calls."""

from __future__ import annotations

from tests.edges.http.administration.hostile import ORGANIZATION, get
from tests.edges.http.administration.hostile_policies import NOWHERE, UNKNOWN

SPENDING = f"{ORGANIZATION}/spending"
NOBODY = "019353b4-7c1e-7000-8000-000000000000"
LEGS = f"{ORGANIZATION}/dial-out/{NOBODY}"

HOSTILE_SPENDING = [
    get("spending by weather", f"{SPENDING}?by=weather", "by"),
    get("spending by two things", f"{SPENDING}?by=user&by=service", "by"),
    get("spending every century", f"{SPENDING}?every=century", "every"),
    get("spending from no day", f"{SPENDING}?first_day=", "first_day"),
    get("spending from 31 February", f"{SPENDING}?first_day=2026-02-31", "first_day"),
    get("spending from a day of other digits", f"{SPENDING}?first_day=%D9%A2026-02-01", "first_day"),
    get("spending from the year one", f"{SPENDING}?first_day=0001-01-01", "first_day"),
    get("spending of a thousand years", f"{SPENDING}?first_day=2001-01-01&last_day=8000-01-01", "last_day"),
    get("spending backwards", f"{SPENDING}?first_day=2026-02-02&last_day=2026-02-01", "first_day"),
    get("spending of a year by day", f"{SPENDING}?every=day&first_day=2026-01-01&last_day=2026-12-31", "every"),
    get("spending of nothing", f"{SPENDING}?top=0", "top"),
    get("spending of too much", f"{SPENDING}?top=10001", "top"),
    get("spending with a filter that is none", f"{SPENDING}?user=x", "user"),
    get("spending of nobody", f"{NOWHERE}/spending", "", **UNKNOWN),
    get("a statement of a month that is none", f"{ORGANIZATION}/statements/2026-13", "month"),
    get("a statement of a month to come", f"{ORGANIZATION}/statements/2098-01", "month"),
    get("statements of nobody", f"{NOWHERE}/statements", "", **UNKNOWN),
    get("dial-out of a day that is none", f"{ORGANIZATION}/dial-out?last_day=yesterday", "last_day"),
    get("legs without days", LEGS, "first_day"),
    get("legs of nobody's id", f"{ORGANIZATION}/dial-out/me?first_day=2026-01-01&last_day=2026-01-02", "user_id"),
    get("legs of a stranger", f"{NOWHERE}/dial-out/{NOBODY}?first_day=2026-01-01&last_day=2026-01-02", "", **UNKNOWN),
    get("an explained call of a stranger", f"{NOWHERE}/explained-calls/x", "", **UNKNOWN),
]
"""All of them."""
