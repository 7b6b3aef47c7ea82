-- Writes down that an endpoint has not taken a delivery; since when it takes none.
update webhook_endpoints e
set failing_since = coalesce(e.failing_since, $4)
where e.shard_id = $1 and e.organization_id = $2 and e.endpoint_id = $3 and e.state = 'enabled'
returning e.failing_since
