-- Whose a gateway's customer is.
select organization_id
from gateway_customers
where shard_id = $1 and gateway = $2 and reference = $3
