-- Endpoints of these organizations that take deliveries.
select e.organization_id, e.endpoint_id, e.kinds
from webhook_endpoints e
where e.shard_id = $1 and e.organization_id = any($2::uuid[]) and e.state = 'enabled'
order by e.organization_id, e.endpoint_id
