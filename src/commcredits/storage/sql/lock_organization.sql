-- Has changes of what is counted for an organization follow each other.
select 1
from organizations o
where o.shard_id = $1 and o.organization_id = $2
for no key update
