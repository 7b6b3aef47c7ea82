-- Who buys for an organization, as was last said.
select b.details
from billing_details b
where b.shard_id = $1 and b.organization_id = $2
