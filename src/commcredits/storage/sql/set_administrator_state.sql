-- Lets an administrator in or shuts them out.
update administrators a
set state = $4
where a.shard_id = $1 and a.organization_id = $2 and a.administrator_id = $3
