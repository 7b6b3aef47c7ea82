-- Makes a gateway's customer an organization's, if it is nobody's yet, and tells whose it is.
with claimed as (
    insert into gateway_customers (shard_id, organization_id, gateway, reference, created_at)
    values ($1, $2, $3, $4, $5)
    on conflict (shard_id, gateway, reference) do nothing
    returning organization_id
)
select organization_id
from claimed
union all
select organization_id
from gateway_customers
where shard_id = $1 and gateway = $3 and reference = $4
limit 1
