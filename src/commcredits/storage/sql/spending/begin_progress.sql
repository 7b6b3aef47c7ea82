-- Begin to sum an organization's days; no row where somebody else has begun.
insert into spending_progress (shard_id, organization_id, time_zone, summed_through, next_day_over_at)
values ($1, $2, $3, $4, $5)
on conflict do nothing
returning organization_id
