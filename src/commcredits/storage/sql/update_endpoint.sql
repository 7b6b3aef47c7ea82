-- Changes where a webhook endpoint is and what it is told of.
update webhook_endpoints e
set url = $4, description = $5, kinds = $6
where e.shard_id = $1 and e.organization_id = $2 and e.endpoint_id = $3
returning 1
