-- Keeps a message whose origin was proven, and those of its events that nobody has told of before; these come back.
with told as (
    insert into gateway_events (
        shard_id, organization_id, gateway_event_id, gateway, event_id, kind, object_reference, idempotency_key,
        occurred_at, noted_at, message_id, state, next_try_at
    )
    select $1, $2, e.gateway_event_id, $4, e.event_id, e.kind, e.object_reference, e.idempotency_key, e.occurred_at, $7,
        $3, 'waiting', $7
    from unnest($8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[])
        as e (gateway_event_id, event_id, kind, object_reference, idempotency_key, occurred_at)
    on conflict (shard_id, organization_id, gateway, event_id) do nothing
    returning *
),
kept as (
    insert into gateway_messages (shard_id, organization_id, message_id, gateway, headers, body, received_at)
    select $1, $2, $3, $4, $5, $6, $7
    where exists (select from told)
)
select *
from told
order by gateway_event_id
