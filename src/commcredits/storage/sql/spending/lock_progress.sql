-- How far an organization's days are summed, locked for whoever sums them; no row while somebody else does, or none ever did.
select p.time_zone, p.summed_through
from spending_progress p
where p.shard_id = $1 and p.organization_id = $2
for update skip locked
