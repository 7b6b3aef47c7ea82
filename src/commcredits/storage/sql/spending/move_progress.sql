-- Note how far an organization's days are summed.
update spending_progress p
set summed_through = $3, next_day_over_at = $4
where p.shard_id = $1 and p.organization_id = $2
