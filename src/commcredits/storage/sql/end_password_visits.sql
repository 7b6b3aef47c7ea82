-- Ends every visit of the break-glass operator.
update visits v
set ended_at = $3
where v.shard_id = $1 and v.organization_id = $2 and v.way = 'password' and v.ended_at is null
