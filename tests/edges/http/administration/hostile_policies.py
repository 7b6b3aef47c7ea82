"""Requests about rules, blocks, pools and possible calls that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import JSON, ORGANIZATION, UNKNOWN_ID, Hostile, get, send

RULES = f"{ORGANIZATION}/rules"
BLOCKS = f"{ORGANIZATION}/blocks"
POOLS = f"{ORGANIZATION}/pools"
MAY_CALL = f"{ORGANIZATION}/may-call"
NOWHERE = f"/v1/organizations/{UNKNOWN_ID}"
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_organization"}
BLOCK = {"kind": "user", "subject": "home@example.com"}
ASK = {"user": "home@example.com", "callee": "+442079460000"}


def _rule(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, RULES, {wrong: value}, wrong, **{"method": "PUT", **others})


def _limit(name: str, wrong: str, value: Any, field: str = "") -> Hostile:
    return _rule(name, "limits", {wrong: value}, field=f"limits.{field or wrong}")


def _block(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, BLOCKS, {**BLOCK, wrong: value}, wrong, **others)


def _ask(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, MAY_CALL, {**ASK, wrong: value}, wrong, **others)


def _lift(name: str, block: str, wrong: str = "", **others: Any) -> Hostile:
    expected = {"method": "POST", "status": 422, "code": "invalid_input", "field": wrong}
    return Hostile(name=name, path=f"{BLOCKS}/{block}/lift", **{**expected, **others})


LIMITS = [
    _limit("a limit of a JSON number", "user_monthly_max", 25),
    _limit("a limit below nothing", "user_monthly_max", "-1"),
    _limit("a limit with seven decimals", "user_hourly_max", "1.0000001"),
    _limit("a limit beyond counting", "destination_daily_max", "9" * 400),
    _limit("a limit in other digits", "toll_free_caller_daily_max", "５"),
    _limit("a limit with an exponent", "user_monthly_max", "1e3"),
    _limit("a limit of true", "user_monthly_max", value=True),
    _limit("calls in a text", "calls_max", "10"),
    _limit("a fraction of a call", "calls_max", 1.5),
    _limit("fewer calls than none", "user_calls_max", -1),
    _limit("more calls than there are people", "calls_max", 10**12),
    _limit("a factor of null", "destination_factor", None),
    _limit("a factor of a thousand and one", "destination_factor", 1_001),
    _limit("a limit that is none", "user_yearly_max", "1"),
    _limit("a limit of millionths", "user_monthly_max_micros", "1"),
    _limit("departments in an array", "department_monthly_max", [["Sales", "1"]]),
    _limit("departments of null", "department_monthly_max", None),
    _limit("a department with a number", "department_monthly_max", {"Sales": 1}, "department_monthly_max.Sales"),
    _limit("a department with null", "department_monthly_max", {"Sales": None}, "department_monthly_max.Sales"),
    _limit("a department without a name", "department_monthly_max", {"": "1"}),
    _limit("a thousand and one departments", "department_monthly_max", {f"{n}": "1" for n in range(1_001)}),
    _limit("a department of 201 characters", "department_monthly_max", {"d" * 201: "1"},
           f"department_monthly_max.{'d' * 34}…"),
    _rule("limits in an array", "limits", []),
    _rule("limits in a text", "limits", "none"),
    send("calls given twice", RULES, b'{"limits":{"calls_max":1,"calls_max":2}}', "limits.calls_max", method="PUT"),
    send("a department given twice", RULES, b'{"limits":{"department_monthly_max":{"A":"1","A":"2"}}}',
         "limits.department_monthly_max.A", method="PUT"),
]  # fmt: skip

RULES_OF_ALL = [
    _rule("half a policy for all", "dial_out", {"conference": "any"}),
    _rule("a policy of words that are none", "dial_out", {"conference": "any", "user": "everywhere"}),
    _rule("a flag in a text", "premium_allowed", "false"),
    _rule("a flag of null", "international_stops_both", None),
    _rule("calls of nobody's that ring for ever", "calls_without_user", "ring"),
    _rule("a pool of a licence without minutes", "pool_size_by", {"MCOPSTNC": "assigned"},
          field="pool_size_by.MCOPSTNC"),
    _rule("a pool counted by hand", "pool_size_by", {"MCOPSTN1": "guessed"}, field="pool_size_by.MCOPSTN1"),
    _rule("pools in an array", "pool_size_by", ["MCOPSTN1"]),
    _rule("rules in another currency", "currency", "USD", field="", status=409, code="currency_mismatch"),
    _rule("a rule that is none", "usual_daily", {"GB": "1000"}),
    _rule("somebody else's rules", "organization_id", "{foreign_organization}"),
    send("rules of nobody", f"{NOWHERE}/rules", {}, "", method="PUT", **UNKNOWN),
    get("rules of nobody shown", f"{NOWHERE}/rules", "", **UNKNOWN),
    get("rules with a question", f"{RULES}?all=true", "all"),
]  # fmt: skip

BLOCKINGS = [
    _block("a block of what cannot be blocked", "kind", "number"),
    _block("a block of null", "kind", None),
    _block("a block of nobody's name", "subject", ""),
    _block("a block of half a name", "subject", "home"),
    _block("a block of a number", "subject", "+40212345678"),
    _block("a block with NUL", "subject", "home\0"),
    _block("a block of a user who is not there", "subject", "nobody@example.com", status=404, code="unknown_user",
           field=""),
    _block("a block of another organization's user", "subject", "{foreign_user}", status=404, code="unknown_user",
           field=""),
    send("a block of a country that is none", BLOCKS, {"kind": "destination", "subject": "XX"}, "subject"),
    send("a block of a country in small letters", BLOCKS, {"kind": "destination", "subject": "lv"}, "subject"),
    send("a block that lifts itself", BLOCKS, {**BLOCK, "lifted_at": "2098-01-01T00:00:00Z"}, "lifted_at"),
    send("a block under a key with a space", BLOCKS, BLOCK, "Idempotency-Key",
         headers={**JSON, "Idempotency-Key": "two words"}),
    send("a block in nobody's name", f"{NOWHERE}/blocks", BLOCK, "", **UNKNOWN),
    _lift("lifting another organization's block", "{foreign_block}", status=404, code="unknown_block"),
    _lift("lifting a block that is not there", UNKNOWN_ID, status=404, code="unknown_block"),
    _lift("lifting a block that is no id", "7", "block_id"),
    _lift("lifting in somebody else's name", "{block}/lift?lifted_by=Ana&x=", "lifted_by"),
    get("blocks in force, perhaps", f"{BLOCKS}?in_force=maybe", "in_force"),
    get("blocks of nobody", f"{NOWHERE}/blocks", "", **UNKNOWN),
    get("blocks after a place of another list", f"{BLOCKS}?cursor=WyJjYWxscyIsIjEiLCJhIl0", "cursor"),
]  # fmt: skip

QUESTIONS = [
    _ask("a call to nothing", "callee", ""),
    _ask("a call to a name", "callee", "sip:desk@example.com"),
    _ask("a call to a short number that is no emergency", "callee", "1800"),
    _ask("a call to a JSON number", "callee", 442079460000),
    _ask("a call from a name", "caller", "desk"),
    _ask("a call of a user with a line break", "user", "home\nexample"),
    _ask("a call of nobody's name", "user", ""),
    _ask("a call by fax", "service", "fax"),
    _ask("a call of a type that is none", "call_type", "user_sideways"),
    send("a call of a type of another service", MAY_CALL, {**ASK, "service": "outbound", "call_type": "user_in"},
         "service"),
    _ask("a call in a conference with a space", "conference_id", "two words"),
    _ask("a call that is placed", "answered", value=True),
    _ask("a call in another's name", "organization_id", "{foreign_organization}"),
    send("a call of neither user nor number", MAY_CALL, {"callee": "+442079460000"}, "user"),
    send("a call to nowhere at all", MAY_CALL, {"user": "home@example.com"}, "callee"),
    send("a call of a stranger to us", f"{NOWHERE}/may-call", ASK, "", **UNKNOWN),
]  # fmt: skip

REPORTS = [
    get("pools of a month that is none", f"{POOLS}?month=2026-13", "month"),
    get("pools of a month to come", f"{POOLS}?month=2098-01", "month"),
    get("pools of a day", f"{POOLS}?month=2026-11-22", "month"),
    get("pools of all time", f"{POOLS}?month=", "month"),
    get("pools of nobody", f"{NOWHERE}/pools", "", **UNKNOWN),
]

SEARCH = f"{ORGANIZATION}/search"
SEARCHES = [
    get("a search for nothing", f"{SEARCH}?q=", "q"),
    get("a search without a query", SEARCH, "q"),
    get("a search for one letter", f"{SEARCH}?q=a", "q"),
    get("a search for a line break", f"{SEARCH}?q=a%0Ab", "q"),
    get("a search for what no database keeps", f"{SEARCH}?q=a%00b", "q"),
    get("a search for very much", f"{SEARCH}?q={'a' * 129}", "q"),
    get("a search at nobody's", f"{NOWHERE}/search?q=ana", "", **UNKNOWN),
]

HOSTILE_POLICIES = [*LIMITS, *RULES_OF_ALL, *BLOCKINGS, *QUESTIONS, *REPORTS, *SEARCHES]
"""All of them."""
