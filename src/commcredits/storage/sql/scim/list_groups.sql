-- An organization's groups, oldest first: all of a stretch, or those with an id, a name in small letters or an id of the
-- directory's own. Each with its members and their names.
select
    g.group_id,
    g.display_name,
    g.external_id,
    g.created_at,
    g.changed_at,
    array(
        select m.party_id
        from scim_members m
        join parties p
            on p.shard_id = m.shard_id and p.organization_id = m.organization_id and p.party_id = m.party_id
        where m.shard_id = $1 and m.organization_id = $2 and m.group_id = g.group_id
        order by m.party_id
    ) as member_ids
from scim_groups g
where g.shard_id = $1
    and g.organization_id = $2
    and ($3::uuid is null or g.group_id = $3)
    and ($4 = '' or lower(g.display_name) = $4)
    and ($5 = '' or g.external_id = $5)
order by g.created_at, g.group_id
offset $6
limit $7
