"""Proof that the books agree: journal, balances, lots, holds, calls and top-ups all tell the same story.

Knows the list of checks; each is a statement of its own that returns what disagrees and nothing when all is well.
Refuses to repair: a correction is a person's decision, and another transfer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from commcredits.core.rating import price_micros
from commcredits.operations.audit_checking import walk_audit
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.loading import rate_of

SHAPED_PRICES: Final = "charges_equal_shaped_price"
"""The check of prices that SQL does not reckon: with bands, steps, a maximum or a rounding of their own."""

AUDIT_CHAINS: Final = "audit_chains_hold"
"""The check that nobody rewrote the audit log; its subjects name the entry and what is wrong with it."""

_STATEMENTS: Final = (
    "each_organization_has_an_account",
    "posted_equals_journal",
    "posted_equals_lots",
    "held_equals_lots",
    "lot_holds_equal_calls",
    "only_live_calls_hold",
    "live_calls_are_marked",
    "lots_equal_journal",
    "lots_were_filled_once",
    "charges_equal_journal",
    "draws_equal_journal",
    "charges_equal_price",
    "owed_equals_journal",
    "lots_move_with_credits",
    "meters_hold_what_calls_hold",
    "meters_count_what_calls_used",
    "parts_are_the_call",
    "rates_equal_deck",
    "top_ups_equal_journal",
    "top_ups_equal_lots",
    "taxes_equal_journal",
    "refunds_equal_journal",
    "receipts_are_whole",
    "one_open_recharge",
    "transfers_name_what_exists",
    "transfers_follow_the_chart",
    "nothing_expired_early",
    "decks_are_whole",
    "assigned_decks_exist",
    "rosters_count_licences",
    "links_to_people_exist",
)

CHECKS: Final = (*_STATEMENTS, SHAPED_PRICES, AUDIT_CHAINS)
"""Every check by name, in order; ``sql/verify/<name>.sql`` says in its first line what it finds, but for the last two.
"""

DISCREPANCIES_PER_CHECK_MAX: Final = 1_000
"""Most discrepancies that one check reports; books that disagree in more places need no longer list."""

_ROWS_AT_ONCE: Final = 2_000

CHECK_SECONDS_MAX: Final = 3_600
"""How long one check may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One place where the books disagree.

    ``subject`` names it within the organization: the account, a lot, a call, a transfer, a top-up, an entry of the
    audit log. Amounts are in millionths: what the one side says, and what the other does. Checks of existence count
    things instead.
    """

    organization_id: str
    check: str
    subject: str
    expected_micros: int
    found_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How much was verified, as of one instant, and where it disagrees; nowhere, if all is well."""

    organizations: int
    transfers: int
    discrepancies: tuple[Discrepancy, ...]


async def verify_books(services: Services, *, progress: Callable[[int, int], None] | None = None) -> Verification:
    """Compare everything that must agree, in one snapshot of the database, while charging goes on.

    ``progress`` is told how many checks are done, and of how many. At most DISCREPANCIES_PER_CHECK_MAX are reported of
    each check, in order of organization.
    """
    found: list[Discrepancy] = []
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        # Large aggregates belong into memory as far as they fit, and the plans are for this one time.
        await connection.execute("set local work_mem = '64MB'")
        await connection.execute("set local plan_cache_mode = 'force_custom_plan'")
        counts = await connection.fetchrow(
            load_statement("verify/counts"), services.shard_id, timeout=CHECK_SECONDS_MAX
        )
        assert counts is not None, "a selection of counts returns one row"
        for done, check in enumerate(_STATEMENTS, start=1):
            rows = await connection.fetch(
                load_statement(f"verify/{check}"),
                services.shard_id,
                DISCREPANCIES_PER_CHECK_MAX,
                timeout=CHECK_SECONDS_MAX,
            )
            found.extend(
                Discrepancy(
                    organization_id=str(row["organization_id"]),
                    check=check,
                    subject=row["subject"],
                    expected_micros=int(row["expected"]),
                    found_micros=int(row["found"]),
                )
                for row in rows
            )
            if progress is not None:
                progress(done, len(CHECKS))
        found.extend(await _check_shaped_prices(connection, services.shard_id))
        if progress is not None:
            progress(len(CHECKS) - 1, len(CHECKS))
        found.extend(await _check_audit(connection, services.shard_id))
        if progress is not None:
            progress(len(CHECKS), len(CHECKS))
    return Verification(
        organizations=counts["organizations"], transfers=counts["transfers"], discrepancies=tuple(found)
    )


async def _check_shaped_prices(connection: Connection, shard_id: int) -> list[Discrepancy]:
    """Calls that were charged another amount than the core prices them at."""
    found: list[Discrepancy] = []
    rows = connection.cursor(
        load_statement("verify/list_shaped_calls"), shard_id, prefetch=_ROWS_AT_ONCE, timeout=CHECK_SECONDS_MAX
    )
    async for row in rows:
        began_at = row["authorised_at"] + timedelta(seconds=row["included_seconds"])
        rate = rate_of(row)
        assert rate is not None, "a call with a shaped price has a rate"
        price = price_micros(rate, max(0, row["used_seconds"] - row["included_seconds"]), began_at)
        if price != row["charged_micros"] and len(found) < DISCREPANCIES_PER_CHECK_MAX:
            found.append(
                Discrepancy(
                    organization_id=str(row["organization_id"]),
                    check=SHAPED_PRICES,
                    subject=f"call {row['session_id']}",
                    expected_micros=price,
                    found_micros=row["charged_micros"],
                )
            )
    return found


async def _check_audit(connection: Connection, shard_id: int) -> list[Discrepancy]:
    """Entries of the audit log that are not what they were, or not where."""
    proof = await walk_audit(connection, shard_id)
    return [
        Discrepancy(
            organization_id=each.organization_id,
            check=AUDIT_CHAINS,
            subject=f"audit entry {each.sequence}: {each.fault.replace('_', ' ')}",
            expected_micros=1,
            found_micros=0,
        )
        for each in proof.faults
    ]
