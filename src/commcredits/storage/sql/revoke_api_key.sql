-- Revokes a key with its tokens and moves the generation that charging processes follow; a revoked one stays as it is.
with moved as (
    insert into generations (shard_id, organization_id, subject, generation)
    values ($1, '00000000-0000-0000-0000-000000000000', 'api_keys', 1)
    on conflict (shard_id, organization_id, subject) do update
    set generation = generations.generation + 1
    returning generation
), gone as (
    delete from api_key_tokens t
    where t.shard_id = $1 and t.organization_id = $2 and t.key_id = $3
)
update api_keys k
set revoked_at = $4, revoked_by_name = $5, generation = m.generation
from moved m
where k.shard_id = $1 and k.organization_id = $2 and k.key_id = $3 and k.revoked_at is null
