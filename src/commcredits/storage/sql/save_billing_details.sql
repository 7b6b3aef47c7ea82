-- Who buys from now on, and whether the tax id was checked; whoever saves has moved the account's version before.
with saved as (
    insert into billing_details (shard_id, organization_id, details, changed_at)
    values ($1, $2, $3, $5)
    on conflict (shard_id, organization_id)
    do update set details = excluded.details, changed_at = excluded.changed_at
)
update organizations o
set has_tax_id = $4
where o.shard_id = $1 and o.organization_id = $2
returning o.organization_id
