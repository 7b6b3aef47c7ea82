-- Locks an organization's count of codes that were none, so that its attempts follow each other, and begins the next hour.
insert into voucher_attempts as a (shard_id, organization_id, window_began_at, failures)
values ($1, $2, $3, 0)
on conflict (shard_id, organization_id) do update
set window_began_at = case when a.window_began_at <= $4 then excluded.window_began_at else a.window_began_at end,
    failures = case when a.window_began_at <= $4 then 0 else a.failures end
returning a.failures, a.window_began_at
