-- Notes what a try to deal with an event came to; what is done stays done.
update gateway_events
set state = $4, attempts = attempts + 1, next_try_at = $5, failure = $6
where shard_id = $1 and organization_id = $2 and gateway_event_id = $3 and state <> 'done'
