-- An organization's webhook deliveries, newest first, from the one before a given id on; those to one endpoint, in one
-- state, or a single one, where asked.
select
    d.delivery_id,
    d.endpoint_id,
    d.notice_id,
    n.kind,
    d.state,
    d.attempts,
    d.made_at,
    d.next_at,
    d.attempted_at,
    d.settled_at,
    d.status,
    d.answer,
    d.trouble
from webhook_deliveries d
join notices n on n.shard_id = d.shard_id and n.organization_id = d.organization_id and n.notice_id = d.notice_id
where d.shard_id = $1
    and d.organization_id = $2
    and ($3::uuid is null or d.delivery_id < $3)
    and ($4::uuid is null or d.endpoint_id = $4)
    and ($5::text is null or d.state = $5)
    and ($6::uuid is null or d.delivery_id = $6)
order by d.delivery_id desc
limit $7
