-- Takes invitations whose letters are due, for so long that nobody else sends them meanwhile; of every organization.
with due as (
    select i.organization_id, i.invitation_id
    from invitations i
    where i.shard_id = $1 and i.state = 'open' and i.mail_state = 'waiting' and i.next_at <= $2
    order by i.next_at
    limit $4
    for update skip locked
),
claimed as (
    update invitations i
    set next_at = $3, attempts = i.attempts + 1
    from due
    where i.shard_id = $1 and i.organization_id = due.organization_id and i.invitation_id = due.invitation_id
    returning i.organization_id, i.invitation_id, i.administrator_id, i.invited_by, i.expires_at, i.attempts
)
select
    c.organization_id,
    c.invitation_id,
    c.invited_by,
    c.expires_at,
    c.attempts,
    a.address,
    a.name,
    a.language,
    a.roles,
    coalesce(o.name, '') as organization_name,
    coalesce(o.time_zone, 'UTC') as time_zone
from claimed c
join administrators a
    on a.shard_id = $1 and a.organization_id = c.organization_id and a.administrator_id = c.administrator_id
left join organizations o on o.shard_id = $1 and o.organization_id = c.organization_id
