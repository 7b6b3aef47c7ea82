"""Reading what decisions need: accounts with their versions, calls, top-ups, remembered answers, decks.

Knows rows and builds the core's records from them. Refuses to decide. An account's row is read before anything else of
its organization: whatever is read later and differs from that version is caught by the version check at commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import asyncpg

from commcredits.core.account import (
    Account,
    OrganizationStatus,
    Session,
    SessionState,
    SessionTerms,
)
from commcredits.core.admission import EMERGENCY_RATE
from commcredits.core.commands import Service
from commcredits.core.funds import Lot, LotPart, LotSource, LotTerms
from commcredits.core.outcomes import Outcome
from commcredits.core.purchases import Refund, TopUp, TopUpAndLot
from commcredits.core.roster import Block
from commcredits.core.tariffs import Rate
from commcredits.storage.codec import decode_answer, decode_memory
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.purchase_codec import alerts_of, recharge_of, refund_of, top_up_of
from commcredits.storage.rosters import decode_roster
from commcredits.storage.session_codec import decode_booking, decode_meter_parts, decode_shape
from commcredits.storage.surrounding import load_blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedAccount:
    """An account and the version that decisions on it must name."""

    account: Account
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedAnswer:
    """What a command asked for, as a digest, and the answer that it got."""

    content: str
    outcome: Outcome


async def lock_accounts(connection: Connection, shard_id: int, organization_ids: Iterable[str]) -> None:
    """Lock these accounts' rows, in id order, until the transaction ends."""
    await connection.fetch(load_statement("lock_accounts"), shard_id, list(organization_ids))


async def load_accounts(
    connection: Connection, shard_id: int, organization_ids: Iterable[str]
) -> dict[str, LoadedAccount]:
    """The accounts of these organizations by id; an unknown organization is missing from the result."""
    wanted = list(organization_ids)
    rows = await connection.fetch(load_statement("load_accounts"), shard_id, wanted)
    lots = await _load_lots(
        connection, shard_id, [(str(row["organization_id"]), str(lot)) for row in rows for lot in row["lot_ids"]]
    )
    open_top_ups: dict[str, list[TopUp]] = {}
    for row in await connection.fetch(load_statement("load_open_top_ups"), shard_id, wanted):
        open_top_ups.setdefault(str(row["organization_id"]), []).append(top_up_of(row))
    blocks = await load_blocks(connection, shard_id, [row["organization_id"] for row in rows if row["roster"]])
    found = {}
    for row in rows:
        organization_id = str(row["organization_id"])
        account = _account_of(
            row, organization_id, lots, tuple(open_top_ups.get(organization_id, ())), blocks.get(organization_id, ())
        )
        found[organization_id] = LoadedAccount(account=account, version=row["version"])
    return found


async def load_sessions(
    connection: Connection, shard_id: int, wanted: Iterable[tuple[str, str]], currencies: Mapping[str, str]
) -> dict[tuple[str, str], Session]:
    """Calls by (organization id, session id); ``currencies`` maps organization ids to their currency."""
    pairs = list(wanted)
    rows = await connection.fetch(
        load_statement("load_sessions"), shard_id, [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    )
    lots = await _load_lots(
        connection, shard_id, [(str(row["organization_id"]), str(lot)) for row in rows for lot in row["part_lot_ids"]]
    )
    found = {}
    for row in rows:
        organization_id = str(row["organization_id"])
        found[organization_id, row["session_id"]] = session_of(row, lots, currencies[organization_id])
    return found


async def load_refunds(
    connection: Connection, shard_id: int, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Refund]:
    """Refunds, in whatever state, by (organization id, refund id)."""
    pairs = list(wanted)
    rows = await connection.fetch(
        load_statement("load_refunds"), shard_id, [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    )
    return {(str(row["organization_id"]), str(row["refund_id"])): refund_of(row) for row in rows}


async def load_top_ups(
    connection: Connection, shard_id: int, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], TopUpAndLot]:
    """Top-ups, in whatever state, by (organization id, top-up id), each with the lot that it left."""
    pairs = list(wanted)
    rows = await connection.fetch(
        load_statement("load_top_ups"), shard_id, [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    )
    left = [(str(row["organization_id"]), str(row["lot_id"])) for row in rows if row["lot_id"] is not None]
    lots = await _load_lots(connection, shard_id, left)
    return {
        (str(row["organization_id"]), str(row["top_up_id"])): TopUpAndLot(
            top_up=top_up_of(row), lot=lots.get((str(row["organization_id"]), str(row["lot_id"])))
        )
        for row in rows
    }


async def load_answers(
    connection: Connection, shard_id: int, wanted: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], RememberedAnswer]:
    """Remembered answers by (organization id, operation, command id)."""
    triples = list(wanted)
    rows = await connection.fetch(
        load_statement("load_commands"),
        shard_id,
        [triple[0] for triple in triples],
        [triple[1] for triple in triples],
        [triple[2] for triple in triples],
    )
    return {
        (str(row["organization_id"]), row["operation"], row["command_id"]): RememberedAnswer(
            content=row["content"], outcome=decode_answer(row["answer"])
        )
        for row in rows
    }


def session_of(row: asyncpg.Record, lots: Mapping[tuple[str, str], LotTerms], currency: str) -> Session:
    """The core's record of a row of ``call_sessions``; ``lots`` holds the terms of every lot that it names."""
    organization_id = str(row["organization_id"])
    return Session(
        terms=SessionTerms(
            session_id=row["session_id"],
            service=Service(row["service"]),
            caller=row["caller"],
            callee=row["callee"],
            rate=rate_of(row),
            rate_deck_id=None if row["rate_deck_id"] is None else str(row["rate_deck_id"]),
            authorised_at=row["authorised_at"],
            booking=decode_booking(row),
            switch=row["switch"],
        ),
        state=SessionState(row["state"]),
        grant_number=row["grant_number"],
        granted_seconds=row["granted_seconds"],
        final=row["final"],
        grant_ends_at=row["grant_ends_at"],
        used_seconds=row["used_seconds"],
        overrun_seconds=row["overrun_seconds"],
        charged_micros=row["charged_micros"],
        parts=tuple(
            LotPart(terms=lots[organization_id, str(lot_id)], held_micros=held, drawn_micros=drawn)
            for lot_id, held, drawn in zip(
                row["part_lot_ids"], row["part_held_micros"], row["part_drawn_micros"], strict=True
            )
        ),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        cause=row["cause"],
        memory=decode_memory(row["memory"], currency),
        included_seconds=row["included_seconds"],
        meter_parts=decode_meter_parts(row["meter_parts"]),
        owed_micros=row["owed_micros"],
    )


async def _load_lots(
    connection: Connection, shard_id: int, pairs: list[tuple[str, str]]
) -> dict[tuple[str, str], LotTerms]:
    if not pairs:
        return {}
    distinct = list(dict.fromkeys(pairs))
    rows = await connection.fetch(
        load_statement("load_lots"), shard_id, [pair[0] for pair in distinct], [pair[1] for pair in distinct]
    )
    return {
        (str(row["organization_id"]), str(row["lot_id"])): LotTerms(
            lot_id=str(row["lot_id"]),
            source=LotSource(row["source"]),
            purchased_at=row["purchased_at"],
            expires_at=row["expires_at"],
        )
        for row in rows
    }


def _account_of(
    row: asyncpg.Record,
    organization_id: str,
    lots: Mapping[tuple[str, str], LotTerms],
    open_top_ups: tuple[TopUp, ...],
    blocks: tuple[Block, ...],
) -> Account:
    return Account(
        organization_id=organization_id,
        status=OrganizationStatus(row["status"]),
        country=row["country"],
        currency=row["currency"],
        minor_digits=row["minor_digits"],
        time_zone=row["time_zone"],
        rate_deck_id=None if row["rate_deck_id"] is None else str(row["rate_deck_id"]),
        lots=tuple(
            Lot(terms=lots[organization_id, str(lot_id)], free_micros=free, held_micros=held)
            for lot_id, free, held in zip(row["lot_ids"], row["lot_free_micros"], row["lot_held_micros"], strict=True)
        ),
        recharge=recharge_of(row),
        open_top_ups=open_top_ups,
        roster=None if row["roster"] is None else decode_roster(row["roster"]),
        blocks=blocks,
        owed_micros=row["owed_micros"],
        next_rate_deck_id=None if row["next_rate_deck_id"] is None else str(row["next_rate_deck_id"]),
        next_rate_deck_at=row["next_rate_deck_at"],
        post_usage=row["post_usage"],
        has_tax_id=row["has_tax_id"],
        is_sandbox=row["is_sandbox"],
        alerts=alerts_of(row),
    )


def rate_of(row: asyncpg.Record) -> Rate | None:
    """The rate that a row of ``call_sessions`` carries a copy of; None when money pays nothing of the call."""
    if row["service"] == Service.EMERGENCY:
        return EMERGENCY_RATE
    if row["rate_prefix"] is None:
        return None
    return Rate(
        prefix=row["rate_prefix"],
        destination=row["rate_destination"] or "",
        service=Service(row["service"]),
        price_per_minute_micros=row["price_per_minute_micros"],
        connection_fee_micros=row["connection_fee_micros"],
        first_increment_seconds=row["first_increment_seconds"],
        next_increment_seconds=row["next_increment_seconds"],
        effective_from=row["rate_effective_from"],
        origin_country=row["rate_origin_country"] or "",
        shape=decode_shape(row["rate_shape"]),
    )
