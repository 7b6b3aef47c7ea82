-- Writes down that an endpoint has taken a delivery.
update webhook_endpoints e
set failing_since = null
where e.shard_id = $1 and e.organization_id = $2 and e.endpoint_id = $3 and e.failing_since is not null
