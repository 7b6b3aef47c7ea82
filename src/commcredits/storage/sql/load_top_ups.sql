-- These top-ups, in whatever state.
select t.*
from unnest($2::uuid[], $3::uuid[]) as wanted (organization_id, top_up_id)
join top_ups t
    on t.shard_id = $1 and t.organization_id = wanted.organization_id and t.top_up_id = wanted.top_up_id
