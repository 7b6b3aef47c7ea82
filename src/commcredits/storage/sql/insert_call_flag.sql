-- Something noticed about a call by others than those who decide about it; each kind once per call.
insert into call_flags (shard_id, organization_id, session_id, kind, noticed_at, facts)
values ($1, $2, $3, $4, $5, $6)
on conflict (shard_id, organization_id, session_id, kind) do nothing
