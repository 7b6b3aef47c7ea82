-- Administrators of one organization by name, or one of them, each with the invitation that is open.
select
    a.organization_id,
    a.administrator_id,
    a.person_id,
    a.address,
    a.name,
    a.language,
    a.roles,
    a.roles_from_provider,
    a.state,
    a.created_at,
    a.accepted_at,
    a.signed_in_at,
    i.invitation_id,
    i.expires_at,
    i.mail_state
from administrators a
left join invitations i
    on i.shard_id = a.shard_id
    and i.organization_id = a.organization_id
    and i.administrator_id = a.administrator_id
    and i.state = 'open'
where a.shard_id = $1 and a.organization_id = $2 and ($3::uuid is null or a.administrator_id = $3)
order by lower(a.name), a.administrator_id
