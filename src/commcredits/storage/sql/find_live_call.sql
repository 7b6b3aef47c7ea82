-- Whose running call this is at one switch, by the call's id alone: reads through the running calls, so it is for the rare
-- case. Another switch's calls are none of its business.
select l.organization_id
from live_calls l
join call_sessions s
    on s.shard_id = l.shard_id and s.organization_id = l.organization_id and s.session_id = l.session_id
where l.shard_id = $1 and l.session_id = $2 and s.switch = $3
limit 1
