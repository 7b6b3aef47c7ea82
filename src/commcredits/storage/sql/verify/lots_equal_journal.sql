-- Lots of which something else is left than the journal brought them less what it took, corrections included.
with moved as (
    select
        j.organization_id,
        j.lot_id,
        sum(
            case
                when j.target = 'customer_credits' then j.amount_micros
                when j.source = 'customer_credits' then -j.amount_micros
                else 0
            end
        ) as micros
    from journal j
    where j.shard_id = $1 and j.lot_id is not null
    group by j.organization_id, j.lot_id
),
left_over as (
    select a.organization_id, l.lot_id, sum(coalesce(l.free_micros, 0) + coalesce(l.held_micros, 0)) as micros
    from accounts a
    cross join lateral unnest(a.lot_ids, a.lot_free_micros, a.lot_held_micros) as l (lot_id, free_micros, held_micros)
    where a.shard_id = $1
    group by a.organization_id, l.lot_id
)
select
    organization_id,
    'lot ' || lot_id as subject,
    coalesce(m.micros, 0) as expected,
    coalesce(l.micros, 0) as found
from moved m
full join left_over l using (organization_id, lot_id)
where coalesce(m.micros, 0) <> coalesce(l.micros, 0)
order by 1, 2
limit $2
