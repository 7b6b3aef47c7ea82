-- A call after an operation on it.
update call_sessions
set state = $4,
    live = $5,
    grant_number = $6,
    granted_seconds = $7,
    final = $8,
    grant_ends_at = $9,
    used_seconds = $10,
    overrun_seconds = $11,
    charged_micros = $12,
    part_lot_ids = $13,
    part_held_micros = $14,
    part_drawn_micros = $15,
    started_at = $16,
    ended_at = $17,
    cause = $18,
    memory = $19
where shard_id = $1 and organization_id = $2 and session_id = $3
