-- No statistics of what calls are never looked for by: their lists, answers and counts took two thirds of each analyze of
-- the widest table, which is the one that changes most and is therefore analyzed most.
alter table call_sessions
    alter column part_lot_ids set statistics 0,
    alter column part_held_micros set statistics 0,
    alter column part_drawn_micros set statistics 0,
    alter column memory set statistics 0,
    alter column rate_shape set statistics 0,
    alter column price_per_minute_micros set statistics 0,
    alter column connection_fee_micros set statistics 0,
    alter column first_increment_seconds set statistics 0,
    alter column next_increment_seconds set statistics 0,
    alter column grant_number set statistics 0,
    alter column granted_seconds set statistics 0,
    alter column overrun_seconds set statistics 0,
    alter column started_at set statistics 0;
