-- How many users an organization has.
select count(*)
from parties p
where p.shard_id = $1 and p.organization_id = $2 and p.kind = 'user'
