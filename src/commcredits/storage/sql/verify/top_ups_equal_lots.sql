-- Top-ups that succeeded without a lot of their kind and amount, or did not and have one; and bought lots that no top-up
-- has left.
with bought as (
    select l.organization_id, l.lot_id, l.source, l.amount_micros
    from fund_lots l
    where l.shard_id = $1 and l.source in ('manual', 'auto_recharge')
),
left_behind as (
    select t.organization_id, t.lot_id, t.kind, t.amount_micros, t.top_up_id, t.state
    from top_ups t
    where t.shard_id = $1 and (t.state in ('succeeded', 'disputed', 'reversed') or t.lot_id is not null)
)
select
    coalesce(t.organization_id, l.organization_id) as organization_id,
    coalesce('top-up ' || t.top_up_id, 'lot ' || l.lot_id) as subject,
    case when t.state in ('succeeded', 'disputed', 'reversed') then t.amount_micros else 0 end as expected,
    coalesce(l.amount_micros, 0) as found
from left_behind t
full join bought l on l.organization_id = t.organization_id and l.lot_id = t.lot_id
where (t.state in ('succeeded', 'disputed', 'reversed')) is not true
    or t.kind is distinct from l.source
    or t.amount_micros is distinct from l.amount_micros
order by 1, 2
limit $2
