-- How many groups an organization has.
select count(*)
from scim_groups g
where g.shard_id = $1 and g.organization_id = $2
