-- What of an organization's people and rules counts for all of its calls.
select r.roster
from rosters r
where r.shard_id = $1 and r.organization_id = $2
