-- Notes a sign of life of a visit.
update visits v
set seen_at = $4
where v.shard_id = $1 and v.organization_id = $2 and v.visit_id = $3 and v.seen_at < $4 and v.ended_at is null
