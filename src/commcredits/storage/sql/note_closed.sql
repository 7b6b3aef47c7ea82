-- An organization is closed.
update closings c
set closed_at = $3
where c.shard_id = $1 and c.organization_id = $2 and c.closed_at is null
