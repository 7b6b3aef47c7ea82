-- What is known of these calls of an organization ($3), and of its running ones whose ids begin with $4.
with wanted as (
    select unnest($3::text[]) as session_id
    union
    select l.session_id
    from live_calls l
    where l.shard_id = $1 and l.organization_id = $2 and starts_with(l.session_id, $4)
)
select s.organization_id, s.session_id, s.switch, s.service, s.caller, s.callee, s.state, s.live, s.granted_seconds,
    s.final, s.started_at, s.used_seconds, s.charged_micros, s.memory
from wanted w
cross join lateral (
    select c.*
    from call_sessions c
    where c.shard_id = $1 and c.organization_id = $2 and c.session_id = w.session_id
    offset 0
) s
