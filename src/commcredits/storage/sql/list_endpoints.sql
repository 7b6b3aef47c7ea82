-- An organization's webhook endpoints, oldest first, without their secrets; one alone where it is named.
select
    e.endpoint_id,
    e.url,
    e.description,
    e.kinds,
    e.state,
    e.disabled_because,
    e.disabled_at,
    e.failing_since,
    e.old_secret_until,
    e.created_at
from webhook_endpoints e
where e.shard_id = $1 and e.organization_id = $2 and ($3::uuid is null or e.endpoint_id = $3)
order by e.endpoint_id
