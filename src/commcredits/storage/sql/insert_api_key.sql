-- Adds a key unless the organization has as many as it may, and moves the generation that charging processes follow.
--
-- The generation's row stays locked until the commit, as for telephone numbers. A prefix that is somebody's adds nothing.
with moved as (
    insert into generations (shard_id, organization_id, subject, generation)
    values ($1, '00000000-0000-0000-0000-000000000000', 'api_keys', 1)
    on conflict (shard_id, organization_id, subject) do update
    set generation = generations.generation + 1
    returning generation
)
insert into api_keys (
    shard_id,
    organization_id,
    key_id,
    prefix,
    secret_hash,
    name,
    note,
    scopes,
    sandbox_id,
    generation,
    created_at,
    created_by,
    created_by_name,
    expires_at
)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, m.generation, $10, $11, $12, $13
from moved m
where (
    select count(*)
    from api_keys k
    where k.shard_id = $1 and k.organization_id = $2 and k.revoked_at is null and k.expires_at > $10
) < $14
on conflict do nothing
returning key_id
