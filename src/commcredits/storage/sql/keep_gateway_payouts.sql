-- Keeps a page of a gateway's payouts as they stand, and how far the list was read.
with read as (
    insert into gateway_cursors (shard_id, organization_id, gateway, list, cursor, read_at)
    values ($1, $2, $3, 'payouts', $4, $5)
    on conflict (shard_id, organization_id, gateway, list) do update
    set cursor = excluded.cursor, read_at = excluded.read_at
)
insert into gateway_payouts (
    shard_id, organization_id, gateway, reference, amount_micros, currency, arrives_on, state, noted_at
)
select $1, $2, $3, p.reference, p.amount_micros, p.currency, p.arrives_on, p.state, $5
from unnest($6::text[], $7::bigint[], $8::text[], $9::date[], $10::text[])
    as p (reference, amount_micros, currency, arrives_on, state)
on conflict (shard_id, organization_id, gateway, reference) do update
set state = excluded.state, arrives_on = excluded.arrives_on, amount_micros = excluded.amount_micros
returning reference
