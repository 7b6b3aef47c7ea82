-- Notes that whoever is signed in proved again who they are.
update visits v
set proved_at = $4, seen_at = greatest(v.seen_at, $4)
where v.shard_id = $1 and v.organization_id = $2 and v.visit_id = $3 and v.ended_at is null
