-- Ends a visit, once: what it opened is closed in every process.
update visits v
set ended_at = $4
where v.shard_id = $1 and v.organization_id = $2 and v.visit_id = $3 and v.ended_at is null
returning v.visit_id
