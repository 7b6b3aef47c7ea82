-- Adds telephone numbers with what they are for, moves the generation that directories follow, and takes them out of the
-- operator's stock; a number that is somebody's does not come back. See insert_phone_number.sql for generation and account.
with moved as (
    insert into generations (shard_id, organization_id, subject, generation)
    values ($1, '00000000-0000-0000-0000-000000000000', 'phone_numbers', 1)
    on conflict (shard_id, organization_id, subject) do update
    set generation = generations.generation + 1
    returning generation
), added as (
    insert into phone_numbers (
        shard_id, organization_id, number, kind, display_name, purpose, party_id, generation, created_at
    )
    select $1, $2, given.number, given.kind, given.display_name, given.purpose, given.party_id, m.generation, $8
    from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[])
        as given (number, kind, display_name, purpose, party_id)
    cross join moved m
    on conflict do nothing
    returning number
), taken as (
    update number_stock s
    set acquired_by = $2, reserved_by = null, reserved_until = null
    from added d
    where s.shard_id = $1 and s.organization_id = '00000000-0000-0000-0000-000000000000' and s.number = d.number
), told as (
    update accounts a
    set version = a.version + 1
    where a.shard_id = $1 and a.organization_id = $2
)
select number
from added
