-- These meters of an organization as they stand; one that nothing was counted on yet is missing.
select m.key, m.used, m.held, m.reached_at
from unnest($3::text[], $4::text[]) as wanted (key, period)
cross join lateral (
    select *
    from meters m
    where m.shard_id = $1 and m.organization_id = $2 and m.key = wanted.key and m.period = wanted.period
    offset 0
) m
