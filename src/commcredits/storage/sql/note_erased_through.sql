-- How far calls were looked at whose records are kept for $3 days.
insert into call_erasures (shard_id, organization_id, retention_days, through_at, through_session_id, began_at)
values ($1, $2, $3, $4, $5, $6)
on conflict (shard_id, organization_id, retention_days) do update
set through_at = excluded.through_at,
    through_session_id = excluded.through_session_id,
    began_at = excluded.began_at
