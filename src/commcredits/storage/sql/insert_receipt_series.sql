-- A series that nothing was issued of yet, unless it is there.
insert into receipt_series (shard_id, organization_id, series, last_sequence, last_issued_at)
values ($1, $2, $3, 0, '2000-01-01T00:00:00Z')
on conflict (shard_id, organization_id, series) do nothing
