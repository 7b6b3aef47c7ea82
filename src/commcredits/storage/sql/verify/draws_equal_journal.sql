-- Calls that drew another amount on a lot than the journal took from it for them less what it gave back.
with drawn as (
    select s.organization_id, s.session_id, part.lot_id, sum(part.drawn_micros) as micros
    from call_sessions s
    cross join lateral unnest(s.part_lot_ids, s.part_drawn_micros) as part (lot_id, drawn_micros)
    where s.shard_id = $1
    group by s.organization_id, s.session_id, part.lot_id
),
moved as (
    select
        j.organization_id,
        j.session_id,
        j.lot_id,
        sum(
            case
                when j.source = 'customer_credits' then j.amount_micros
                when j.target = 'customer_credits' then -j.amount_micros
                else 0
            end
        ) as micros
    from journal j
    where j.shard_id = $1 and j.session_id is not null and j.lot_id is not null
    group by j.organization_id, j.session_id, j.lot_id
)
select
    organization_id,
    'call ' || session_id || ' on lot ' || coalesce(lot_id::text, 'unnamed') as subject,
    coalesce(m.micros, 0) as expected,
    coalesce(d.micros, 0) as found
from drawn d
full join moved m using (organization_id, session_id, lot_id)
where coalesce(m.micros, 0) <> coalesce(d.micros, 0)
order by 1, 2
limit $2
