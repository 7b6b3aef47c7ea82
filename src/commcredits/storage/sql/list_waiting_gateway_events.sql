-- Events whose turn to be dealt with has come, those that wait longest first.
select *
from gateway_events
where shard_id = $1 and organization_id = $2 and state = 'waiting' and next_try_at <= $3
order by next_try_at, gateway_event_id
limit $4
