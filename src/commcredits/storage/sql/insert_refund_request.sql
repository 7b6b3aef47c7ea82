-- Writes down a refund that somebody asks for. The account is locked, and the command was not given before.
insert into refund_requests (
    shard_id, organization_id, refund_request_id, command_id, top_up_id, session_id, asked_micros, used_seconds,
    amount_micros, currency, reason, state, requested_by, requested_at, requested_actor, decided_at
)
values (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::text, $13, $14::timestamptz, $15,
    case when $12::text = 'approved' then $14::timestamptz end
)
