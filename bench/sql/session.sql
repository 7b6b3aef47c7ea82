-- Reads one call, in whatever state it is.
select *
from call_sessions
where shard_id = $1 and organization_id = $2 and session_id = $3
