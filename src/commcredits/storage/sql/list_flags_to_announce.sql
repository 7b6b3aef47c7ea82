-- Flags that the operator's log was not told of yet, oldest first; those that another worker is just telling are passed
-- over.
select f.organization_id, f.session_id, f.kind, f.noticed_at, f.facts
from call_flags f
where f.shard_id = $1 and f.announced_at is null
order by f.noticed_at
limit $2
for update skip locked
