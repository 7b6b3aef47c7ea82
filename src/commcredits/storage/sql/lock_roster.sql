-- Locks an organization's roster until the transaction ends: changes of its people and rules follow each other.
select r.version
from rosters r
where r.shard_id = $1 and r.organization_id = $2
for update
