-- Begins a visit, and notes the sign-in of an administrator.
with noted as (
    update administrators a
    set signed_in_at = $9
    where a.shard_id = $1 and a.organization_id = $2 and a.administrator_id = $5
)
insert into visits (
    shard_id, organization_id, visit_id, secret_hash, administrator_id, way, detail, roles, began_at, seen_at,
    proved_at, ends_at, source, browser
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, $10, $11, $12)
