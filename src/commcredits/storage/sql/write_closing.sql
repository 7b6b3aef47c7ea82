-- That an organization closes and what becomes of the rest; again while it is under way, the rest may be decided anew.
insert into closings as c (shard_id, organization_id, remainder, requested_by, requested_at)
values ($1, $2, $3, $4, $5)
on conflict (shard_id, organization_id) do update
set remainder = excluded.remainder, requested_by = excluded.requested_by
where c.closed_at is null and c.remainder <> excluded.remainder
