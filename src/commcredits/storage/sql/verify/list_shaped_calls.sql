-- Calls whose price has bands, steps, a maximum or a rounding of its own.
select s.*
from call_sessions s
where s.shard_id = $1 and s.rate_shape is not null
order by s.organization_id, s.session_id
