-- Accounts whose posted balance is not what is left of their lots, free and held.
select a.organization_id, 'account' as subject, lots.micros as expected, a.posted_micros as found
from accounts a
cross join lateral (
    select coalesce(sum(coalesce(l.free_micros, 0) + coalesce(l.held_micros, 0)), 0) as micros
    from unnest(a.lot_free_micros, a.lot_held_micros) as l (free_micros, held_micros)
) lots
where a.shard_id = $1 and lots.micros <> a.posted_micros
order by 1
limit $2
