-- The hours of which an organization's calls changed after they were over and are not summed anew yet.
select distinct c.began_hour
from spending_changes c
where c.shard_id = $1 and c.organization_id = $2
