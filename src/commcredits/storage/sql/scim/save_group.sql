-- Keeps a group with exactly these members; no row comes back when another group has its name.
with saved as (
    insert into scim_groups (shard_id, organization_id, group_id, display_name, external_id, created_at, changed_at)
    select $1, $2, $3, $4, $5, $6, $6
    where not exists (
        select 1
        from scim_groups o
        where o.shard_id = $1
            and o.organization_id = $2
            and lower(o.display_name) = lower($4)
            and o.group_id <> $3
    )
    on conflict (shard_id, organization_id, group_id) do update
    set display_name = excluded.display_name,
        external_id = excluded.external_id,
        changed_at = excluded.changed_at
    returning group_id
), gone as (
    delete from scim_members m
    using saved s
    where m.shard_id = $1
        and m.organization_id = $2
        and m.group_id = s.group_id
        and not m.party_id = any ($7::uuid[])
), come as (
    insert into scim_members (shard_id, organization_id, group_id, party_id)
    select $1, $2, s.group_id, unnest($7::uuid[])
    from saved s
    on conflict do nothing
)
select group_id
from saved
