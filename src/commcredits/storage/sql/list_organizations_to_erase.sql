-- Some organizations of the shard, whoever they are, in order of their ids from the one after $2 on: the worker looks
-- through all of them for calls whose records are kept no longer.
select o.organization_id, o.country
from organizations o
where o.shard_id = $1 and o.organization_id > $2
order by o.organization_id
limit $3
