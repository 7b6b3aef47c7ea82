-- The hours of which an organization's calls changed after they were over, the earliest first.
select c.began_hour, c.changed_in
from spending_changes c
where c.shard_id = $1 and c.organization_id = $2
order by c.began_hour, c.changed_in
limit $3
