-- These top-ups, in whatever state. Probed one by one, whatever the planner believes: see commit_batch.sql.
select known.*
from unnest($2::uuid[], $3::uuid[]) as wanted (organization_id, top_up_id)
cross join lateral (
    select t.*
    from top_ups t
    where t.shard_id = $1 and t.organization_id = wanted.organization_id and t.top_up_id = wanted.top_up_id
    offset 0
) known
