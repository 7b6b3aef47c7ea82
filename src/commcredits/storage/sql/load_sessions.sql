-- These calls, in whatever state.
select s.*
from unnest($2::uuid[], $3::text[]) as wanted (organization_id, session_id)
join call_sessions s
    on s.shard_id = $1 and s.organization_id = wanted.organization_id and s.session_id = wanted.session_id
