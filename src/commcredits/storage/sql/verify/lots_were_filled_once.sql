-- Lots that were not filled by one transfer of exactly their amount.
with filled as (
    select j.organization_id, j.lot_id, sum(j.amount_micros) as micros, count(*) as transfers
    from journal j
    where j.shard_id = $1 and j.target = 'customer_credits'
        and j.reason not in ('call_correction', 'refund_undone', 'dispute_won')
    group by j.organization_id, j.lot_id
)
select
    organization_id,
    'lot ' || lot_id as subject,
    coalesce(l.amount_micros, 0) as expected,
    coalesce(f.micros, 0) as found
from (select organization_id, lot_id, amount_micros from fund_lots where shard_id = $1) l
full join filled f using (organization_id, lot_id)
where l.amount_micros is null or f.micros is null or l.amount_micros <> f.micros or f.transfers <> 1
order by 1, 2
limit $2
