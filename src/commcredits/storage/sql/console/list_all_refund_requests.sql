-- Refunds that were asked for, of all organizations, newest first, before a given one: those that wait alone, or all. The operator's own list.
select r.*, o.name
from refund_requests r
join organizations o on o.shard_id = r.shard_id and o.organization_id = r.organization_id
where r.shard_id = $1 and r.refund_request_id < $2 and (r.state = 'pending' or not $3::boolean)
order by r.refund_request_id desc
limit $4
