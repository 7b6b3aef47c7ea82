-- Orders a call to be cut; an order that its switch took already stands again, for the call still runs.
insert into call_cuts (shard_id, organization_id, session_id, switch, reason, ordered_by, ordered_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (shard_id, organization_id, session_id) do update
set reason = excluded.reason, ordered_by = excluded.ordered_by, ordered_at = excluded.ordered_at, told_at = null
