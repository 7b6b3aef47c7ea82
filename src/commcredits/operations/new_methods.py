"""Limits on new cards and accounts: how often one that was first seen lately may be charged or declined.

Knows that stolen cards are tried at many doors, so that all organizations count together. Refuses to count by what is
in memory: attempts are counted one after another in the database, and never more than allowed get through.
"""

from __future__ import annotations

from datetime import timedelta

from commcredits.operations.services import Services
from commcredits.storage.charged_methods import ChargedMethod, count_attempts, insert_attempt, note_charged_method
from commcredits.storage.payments import PaymentMethodRecord


async def may_be_charged(
    services: Services, *, organization_id: str, method: PaymentMethodRecord, top_up_id: str
) -> bool:
    """Whether an attempt that is committed already may go to the gateway; if so, it is counted.

    What a person confirms is not counted: nobody tries stolen cards there, and all payers share one reference.
    """
    limits = services.payments.new_methods
    gateway = services.gateways.get(method.gateway)
    if limits is None or (gateway is not None and gateway.capabilities().confirmed_by_hand):
        return True
    now = services.clock()
    charged = ChargedMethod(gateway=method.gateway, fingerprint=method.fingerprint or f"reference:{method.reference}")
    async with services.pool.acquire() as connection, connection.transaction():
        first_seen = await note_charged_method(
            connection, services.shard_id, charged, first_seen_at=min(method.created_at, now)
        )
        if now - first_seen >= timedelta(days=limits.new_days):
            return True
        attempts, declines = await count_attempts(
            connection, services.shard_id, charged, since=now - timedelta(hours=limits.window_hours)
        )
        if attempts >= limits.attempts_max or declines >= limits.declines_max:
            return False
        await insert_attempt(
            connection,
            services.shard_id,
            charged,
            organization_id=organization_id,
            top_up_id=top_up_id,
            at=now,
        )
    return True
