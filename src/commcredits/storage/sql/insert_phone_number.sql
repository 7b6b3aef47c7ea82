-- Adds a telephone number and moves the generation that directories follow; no row comes back when it is somebody's.
--
-- The generation's row stays locked until the commit, so numbers become visible in the order of their generations: who
-- has seen one has seen all before it. The account's version moves, too, for a copy of the account may hold that the
-- number is nobody's.
with moved as (
    insert into generations (shard_id, organization_id, subject, generation)
    values ($1, '00000000-0000-0000-0000-000000000000', 'phone_numbers', 1)
    on conflict (shard_id, organization_id, subject) do update
    set generation = generations.generation + 1
    returning generation
), added as (
    insert into phone_numbers (shard_id, organization_id, number, kind, display_name, generation, created_at)
    select $1, $2, $3, $4, $5, m.generation, $6
    from moved m
    on conflict do nothing
    returning organization_id, number, kind, display_name, purpose, party_id, created_at
), told as (
    update accounts a
    set version = a.version + 1
    from added d
    where a.shard_id = $1 and a.organization_id = d.organization_id
)
select organization_id, number, kind, display_name, purpose, party_id, created_at
from added
