-- Has a delivery made again, as if it were new, where its endpoint takes any; tells whether it waits now.
update webhook_deliveries d
set state = 'waiting', next_at = $4, tries = 0, settled_at = null
from webhook_endpoints e
where d.shard_id = $1
    and d.organization_id = $2
    and d.delivery_id = $3
    and d.state <> 'waiting'
    and e.shard_id = d.shard_id
    and e.organization_id = d.organization_id
    and e.endpoint_id = d.endpoint_id
    and e.state = 'enabled'
returning 1
