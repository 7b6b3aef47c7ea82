-- Forgets a group with its members.
with gone as (
    delete from scim_members m
    where m.shard_id = $1 and m.organization_id = $2 and m.group_id = $3
)
delete from scim_groups g
where g.shard_id = $1 and g.organization_id = $2 and g.group_id = $3
