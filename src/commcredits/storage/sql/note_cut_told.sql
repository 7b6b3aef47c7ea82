-- Writes down that a call's switch has taken the order to cut it.
update call_cuts c
set told_at = $4
where c.shard_id = $1 and c.organization_id = $2 and c.session_id = $3 and c.told_at is null
