-- Uses up an invitation: once, and for whoever proved to be the one it is for.
with used as (
    update invitations i
    set state = 'used', settled_at = $4
    where i.shard_id = $1 and i.organization_id = $2 and i.invitation_id = $3 and i.state = 'open' and i.expires_at > $4
    returning i.administrator_id
)
update administrators a
set state = 'active', accepted_at = coalesce(a.accepted_at, $4), person_id = coalesce($5, a.person_id)
from used
where
    a.shard_id = $1
    and a.organization_id = $2
    and a.administrator_id = used.administrator_id
    and a.state <> 'disabled'
returning a.administrator_id, a.roles
