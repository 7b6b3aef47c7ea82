-- These meters as they stand; one that nothing was counted on yet is missing.
select m.organization_id, m.key, m.period, m.used, m.held, m.reached_at
from unnest($2::uuid[], $3::text[], $4::text[]) as wanted (organization_id, key, period)
cross join lateral (
    select *
    from meters m
    where m.shard_id = $1
        and m.organization_id = wanted.organization_id
        and m.key = wanted.key
        and m.period = wanted.period
    offset 0
) m
