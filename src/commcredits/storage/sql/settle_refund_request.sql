-- What became of a refund that was agreed to: carried out, or refused by the account, with what the account answered.
update refund_requests r
set state = $4, refund_id = $5, answer = $6
where r.shard_id = $1 and r.organization_id = $2 and r.refund_request_id = $3 and r.state = 'approved'
