-- Exports of the shard, whosever, that could be fetched until $2.
select e.organization_id, e.export_id
from call_exports e
where e.shard_id = $1 and e.state = 'ready' and e.expires_at <= $2
order by e.expires_at
limit $3
