-- Opens a call with everything that is known of it.
insert into call_sessions (
    shard_id, organization_id, session_id, state, live, grant_number, granted_seconds, final, grant_ends_at,
    used_seconds, overrun_seconds, charged_micros, part_lot_ids, part_held_micros, part_drawn_micros, started_at,
    ended_at, cause, memory, service, caller, callee, rate_deck_id, rate_prefix, rate_destination,
    price_per_minute_micros, connection_fee_micros, first_increment_seconds, next_increment_seconds,
    rate_effective_from, authorised_at
)
values (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29, $30, $31
)
