-- An organization's exports of calls, newest first.
select e.*
from call_exports e
where e.shard_id = $1 and e.organization_id = $2
order by e.requested_at desc, e.export_id desc
limit $3
