-- Keeps what a directory says of a user beyond what users are here.
insert into scim_users (
    shard_id, organization_id, party_id, external_id, is_active, given_name, family_name, created_at, changed_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
on conflict (shard_id, organization_id, party_id) do update
set external_id = excluded.external_id,
    is_active = excluded.is_active,
    given_name = excluded.given_name,
    family_name = excluded.family_name,
    changed_at = excluded.changed_at
