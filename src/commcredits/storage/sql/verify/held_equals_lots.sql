-- Accounts that hold another amount than their lots do.
select a.organization_id, 'account' as subject, lots.micros as expected, a.held_micros as found
from accounts a
cross join lateral (
    select coalesce(sum(l.held_micros), 0) as micros
    from unnest(a.lot_held_micros) as l (held_micros)
) lots
where a.shard_id = $1 and lots.micros <> a.held_micros
order by 1
limit $2
