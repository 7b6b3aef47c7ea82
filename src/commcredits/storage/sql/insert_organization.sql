-- Opens an organization with an empty account, in one statement, unless it exists; returns its id when it was opened.
with opened as (
    insert into organizations (
        shard_id, organization_id, name, country, currency, minor_digits, time_zone, language, created_at, sandbox_of
    )
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    on conflict do nothing
    returning shard_id, organization_id
)
insert into accounts (
    shard_id, organization_id, version, posted_micros, held_micros, lot_ids, lot_free_micros, lot_held_micros
)
select o.shard_id, o.organization_id, 1, 0, 0, '{}', '{}', '{}'
from opened o
returning organization_id
