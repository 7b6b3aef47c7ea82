-- What is known of the running calls with these ids ($2), and of those whose ids begin with $3, whosever they are: reads
-- through the running calls, so it is for the rare case.
select s.organization_id, s.session_id, s.switch, s.service, s.caller, s.callee, s.state, s.live, s.granted_seconds,
    s.final, s.started_at, s.used_seconds, s.charged_micros, s.memory
from live_calls l
join call_sessions s
    on s.shard_id = l.shard_id and s.organization_id = l.organization_id and s.session_id = l.session_id
where l.shard_id = $1 and (l.session_id = any($2::text[]) or starts_with(l.session_id, $3))
