-- One export of one organization.
select e.*
from call_exports e
where e.shard_id = $1 and e.organization_id = $2 and e.export_id = $3
