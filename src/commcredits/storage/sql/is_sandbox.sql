-- Whether an organization is a sandbox.
select o.sandbox_of is not null
from organizations o
where o.shard_id = $1 and o.organization_id = $2
