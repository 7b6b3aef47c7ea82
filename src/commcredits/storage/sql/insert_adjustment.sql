-- Writes an adjustment down; no row comes back when its command was given before.
insert into adjustments (
    shard_id, organization_id, adjustment_id, command_id, amount_micros, currency, reason, state, requested_by,
    requested_at, decided_by, decided_at, requested_actor
)
values (
    $1, $2, $3, $4, $5, $6, $7, $8::text, $9, $10::timestamptz, '', case when $8::text = 'approved' then $10::timestamptz end,
    $11
)
on conflict (shard_id, organization_id, command_id) do nothing
returning adjustment_id
