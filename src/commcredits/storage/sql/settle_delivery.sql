-- Writes down what came of a try to deliver, unless there was a later one.
update webhook_deliveries d
set state = $5,
    next_at = $6,
    settled_at = $7,
    status = $8,
    answer = $9,
    trouble = $10
where d.shard_id = $1
    and d.organization_id = $2
    and d.delivery_id = $3
    and d.attempts = $4
    and d.state = 'waiting'
returning 1
