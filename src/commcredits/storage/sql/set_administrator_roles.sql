-- Gives an administrator other roles.
update administrators a
set roles = $4
where a.shard_id = $1 and a.organization_id = $2 and a.administrator_id = $3
