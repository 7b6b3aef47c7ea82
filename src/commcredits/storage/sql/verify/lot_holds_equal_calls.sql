-- Lots on which another amount is held than live calls hold of them; together these are what the account holds.
with of_calls as (
    select s.organization_id, part.lot_id, sum(part.held_micros) as micros
    from call_sessions s
    cross join lateral unnest(s.part_lot_ids, s.part_held_micros) as part (lot_id, held_micros)
    where s.shard_id = $1 and s.live
    group by s.organization_id, part.lot_id
),
of_lots as (
    select a.organization_id, l.lot_id, sum(l.held_micros) as micros
    from accounts a
    cross join lateral unnest(a.lot_ids, a.lot_held_micros) as l (lot_id, held_micros)
    where a.shard_id = $1
    group by a.organization_id, l.lot_id
)
select
    organization_id,
    'lot ' || lot_id as subject,
    coalesce(c.micros, 0) as expected,
    coalesce(l.micros, 0) as found
from of_calls c
full join of_lots l using (organization_id, lot_id)
where coalesce(c.micros, 0) <> coalesce(l.micros, 0)
order by 1, 2
limit $2
