-- One event that a gateway has told of.
select *
from gateway_events
where shard_id = $1 and organization_id = $2 and gateway_event_id = $3
