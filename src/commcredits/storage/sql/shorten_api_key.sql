-- Lets a key that another takes the place of expire by an instant, and moves the generation that directories follow.
with moved as (
    insert into generations (shard_id, organization_id, subject, generation)
    values ($1, '00000000-0000-0000-0000-000000000000', 'api_keys', 1)
    on conflict (shard_id, organization_id, subject) do update
    set generation = generations.generation + 1
    returning generation
)
update api_keys k
set expires_at = least(k.expires_at, $4), generation = m.generation
from moved m
where k.shard_id = $1 and k.organization_id = $2 and k.key_id = $3
