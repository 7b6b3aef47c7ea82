-- To which endpoints these notices went, and what came of it.
select d.notice_id, d.delivery_id, d.endpoint_id, d.state, d.attempts, d.settled_at, d.status, d.trouble
from webhook_deliveries d
where d.shard_id = $1 and d.organization_id = $2 and d.notice_id = any($3::uuid[])
order by d.delivery_id
