-- Somebody agrees to a refund that was asked for, or does not; no row comes back when it is not pending any more.
update refund_requests r
set state = $4, decided_by = $5, decided_at = $6, decided_actor = $7
where r.shard_id = $1 and r.organization_id = $2 and r.refund_request_id = $3 and r.state = 'pending'
returning r.refund_request_id
