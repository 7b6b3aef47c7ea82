-- Locks the account rows of these organizations in the order of their ids, so that two lockers cannot deadlock.
select a.organization_id
from accounts a
where a.shard_id = $1 and a.organization_id = any ($2::uuid[])
order by a.organization_id
for update
