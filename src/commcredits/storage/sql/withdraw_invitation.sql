-- Ends the invitation of an administrator that is open, if there is one.
update invitations i
set state = 'withdrawn', settled_at = $4
where i.shard_id = $1 and i.organization_id = $2 and i.administrator_id = $3 and i.state = 'open'
returning i.invitation_id
