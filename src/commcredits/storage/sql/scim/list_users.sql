-- An organization's users as a directory sees them, oldest first: all of a stretch, or those with an id, a name in small
-- letters or an id of the directory's own. Each with the groups that they are in.
select
    p.party_id,
    p.user_principal_name,
    p.display_name,
    p.usage_location,
    p.department,
    p.licences,
    p.created_at,
    coalesce(s.external_id, '') as external_id,
    coalesce(s.is_active, true) as is_active,
    coalesce(s.given_name, '') as given_name,
    coalesce(s.family_name, '') as family_name,
    coalesce(s.changed_at, p.created_at) as changed_at,
    array(
        select m.group_id
        from scim_members m
        where m.shard_id = $1 and m.organization_id = $2 and m.party_id = p.party_id
    ) as group_ids,
    array(
        select g.display_name
        from scim_members m
        join scim_groups g
            on g.shard_id = m.shard_id and g.organization_id = m.organization_id and g.group_id = m.group_id
        where m.shard_id = $1 and m.organization_id = $2 and m.party_id = p.party_id
    ) as group_names
from parties p
left join scim_users s
    on s.shard_id = p.shard_id and s.organization_id = p.organization_id and s.party_id = p.party_id
where p.shard_id = $1
    and p.organization_id = $2
    and p.kind = 'user'
    and ($3::uuid is null or p.party_id = $3)
    and ($4 = '' or lower(p.user_principal_name) = $4)
    and ($5 = '' or s.external_id = $5)
order by p.created_at, p.party_id
offset $6
limit $7
