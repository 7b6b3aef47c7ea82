-- An organization's customers at a gateway, oldest first.
select reference
from gateway_customers
where shard_id = $1 and organization_id = $2 and gateway = $3
order by created_at, reference
