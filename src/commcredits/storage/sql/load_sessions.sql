-- These calls, in whatever state. Probed one by one, whatever the planner believes: see commit_batch.sql.
select known.*
from unnest($2::uuid[], $3::text[]) as wanted (organization_id, session_id)
cross join lateral (
    select s.*
    from call_sessions s
    where s.shard_id = $1 and s.organization_id = wanted.organization_id and s.session_id = wanted.session_id
    offset 0
) known
