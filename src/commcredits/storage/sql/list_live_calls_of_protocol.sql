-- Running calls that are told over the links of one protocol ($2: as cgrates:), for an edge that has just started.
select s.organization_id, s.session_id, s.switch, s.service, s.state, s.started_at, s.used_seconds, s.granted_seconds
from live_calls l
join call_sessions s
    on s.shard_id = l.shard_id and s.organization_id = l.organization_id and s.session_id = l.session_id
where l.shard_id = $1
    and s.live
    and starts_with(s.switch, $2)
limit $3
