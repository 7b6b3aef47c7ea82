-- How far an organization's days are summed, and in which zone they were meant.
select p.time_zone, p.summed_through
from spending_progress p
where p.shard_id = $1 and p.organization_id = $2
