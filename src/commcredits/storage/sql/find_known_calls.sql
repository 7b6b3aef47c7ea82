-- Which of these calls of one organization are in the books. Probed one by one, whatever the planner believes: see
-- commit_batch.sql.
select wanted.session_id
from unnest($3::text[]) as wanted (session_id)
cross join lateral (
    select
    from call_sessions s
    where s.shard_id = $1 and s.organization_id = $2 and s.session_id = wanted.session_id
    offset 0
) known
