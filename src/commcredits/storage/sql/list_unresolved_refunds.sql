-- Refunds that were requested before an instant and are not settled: a page, in order of id and so of age, after one.
select r.*, t.gateway, t.gateway_reference as charge_reference, o.currency
from refunds r
join top_ups t on t.shard_id = r.shard_id and t.organization_id = r.organization_id and t.top_up_id = r.top_up_id
join organizations o on o.shard_id = r.shard_id and o.organization_id = r.organization_id
where r.shard_id = $1 and r.state in ('sent', 'processing', 'unknown') and r.created_at < $2 and r.refund_id > $3
order by r.refund_id
limit $4
