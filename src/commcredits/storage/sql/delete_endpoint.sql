-- Forgets a webhook endpoint with the log of what was delivered to it.
with gone as (
    delete from webhook_endpoints e
    where e.shard_id = $1 and e.organization_id = $2 and e.endpoint_id = $3
    returning 1
),
log_of_it as (
    delete from webhook_deliveries d
    where d.shard_id = $1 and d.organization_id = $2 and d.endpoint_id = $3
)
select count(*)
from gone
