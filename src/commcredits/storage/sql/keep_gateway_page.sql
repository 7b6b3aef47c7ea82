-- Keeps those events of a page of a gateway's list that nobody has told of before, and how far the list was read; nothing
-- where somebody else has read on meanwhile.
with read as (
    insert into gateway_cursors (shard_id, organization_id, gateway, list, cursor, read_at)
    values ($1, $2, $3, 'events', $5, $6)
    on conflict (shard_id, organization_id, gateway, list) do update
    set cursor = excluded.cursor, read_at = excluded.read_at
    where gateway_cursors.cursor is not distinct from $4
    returning gateway
)
insert into gateway_events (
    shard_id, organization_id, gateway_event_id, gateway, event_id, kind, object_reference, idempotency_key,
    occurred_at, noted_at, message_id, state, next_try_at
)
select $1, $2, e.gateway_event_id, $3, e.event_id, e.kind, e.object_reference, e.idempotency_key, e.occurred_at, $6,
    null, 'waiting', $6
from read
cross join unnest($7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::timestamptz[])
    as e (gateway_event_id, event_id, kind, object_reference, idempotency_key, occurred_at)
on conflict (shard_id, organization_id, gateway, event_id) do nothing
returning gateway_event_id
