-- The call of an organization that has this id.
select s.session_id, s.service, s.caller, s.callee, s.state, s.authorised_at, s.usage_location
from call_sessions s
where s.shard_id = $1 and s.organization_id = $2 and s.session_id = $3
