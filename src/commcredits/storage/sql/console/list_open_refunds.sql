-- Refunds of all organizations that are not settled, oldest first, after a given one; the operator's own list.
select r.*, o.name, o.currency, t.gateway
from refunds r
join organizations o on o.shard_id = r.shard_id and o.organization_id = r.organization_id
join top_ups t on t.shard_id = r.shard_id and t.organization_id = r.organization_id and t.top_up_id = r.top_up_id
where r.shard_id = $1 and r.state in ('sent', 'processing', 'unknown') and r.refund_id > $2
order by r.refund_id
limit $3
