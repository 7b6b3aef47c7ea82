-- Top-ups that succeeded without exactly one transfer of their amount to their lot, or did not and have one.
with moved as (
    select j.organization_id, j.top_up_id, j.lot_id, sum(j.amount_micros) as micros, count(*) as transfers
    from journal j
    where j.shard_id = $1 and j.reason = 'top_up' and j.top_up_id is not null
    group by j.organization_id, j.top_up_id, j.lot_id
)
select
    t.organization_id,
    'top-up ' || t.top_up_id as subject,
    case when t.state in ('succeeded', 'disputed', 'reversed') then t.amount_micros else 0 end as expected,
    coalesce(m.micros, 0) as found
from top_ups t
left join moved m on m.organization_id = t.organization_id and m.top_up_id = t.top_up_id
where t.shard_id = $1
    and case
        when t.state in ('succeeded', 'disputed', 'reversed') then
            m.transfers is distinct from 1
            or m.micros is distinct from t.amount_micros
            or m.lot_id is distinct from t.lot_id
        else m.transfers is not null
    end
order by 1, 2
limit $2
