-- The invitation that a token opens, while it is open; of any organization, for the token alone says which.
select
    i.organization_id,
    i.invitation_id,
    i.administrator_id,
    i.invited_by,
    i.expires_at,
    a.name,
    a.address,
    a.language,
    a.roles,
    coalesce(o.name, '') as organization_name
from invitation_tokens t
join invitations i
    on i.shard_id = $1 and i.organization_id = t.organization_id and i.invitation_id = t.invitation_id
join administrators a
    on a.shard_id = $1 and a.organization_id = i.organization_id and a.administrator_id = i.administrator_id
left join organizations o on o.shard_id = $1 and o.organization_id = i.organization_id
where t.shard_id = $1 and t.token_hash = $2 and i.state = 'open' and i.expires_at > $3 and a.state <> 'disabled'
