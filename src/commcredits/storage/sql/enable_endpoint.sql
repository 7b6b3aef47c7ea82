-- Has an endpoint take deliveries again.
update webhook_endpoints e
set state = 'enabled', disabled_because = '', disabled_at = null, failing_since = null
where e.shard_id = $1 and e.organization_id = $2 and e.endpoint_id = $3 and e.state = 'disabled'
returning 1
