-- Sends an endpoint nothing more until somebody enables it; what waits for it has failed. Returns its url if it was enabled.
with disabled as (
    update webhook_endpoints e
    set state = 'disabled', disabled_because = $4, disabled_at = $5
    where e.shard_id = $1 and e.organization_id = $2 and e.endpoint_id = $3 and e.state = 'enabled'
    returning e.url
),
given_up as (
    update webhook_deliveries d
    set state = 'failed', settled_at = $5, trouble = 'endpoint disabled'
    where d.shard_id = $1
        and d.organization_id = $2
        and d.endpoint_id = $3
        and d.state = 'waiting'
        and exists (select 1 from disabled)
)
select x.url
from disabled x
