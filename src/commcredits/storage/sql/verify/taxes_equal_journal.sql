-- Top-ups whose tax, fee, refunds or frozen funds are other amounts than the journal moved for them.
with moved as (
    select
        j.organization_id,
        j.top_up_id,
        sum(j.amount_micros) filter (where j.reason = 'tax') as tax,
        sum(j.amount_micros) filter (where j.reason = 'gateway_fee') as fee,
        sum(case j.source when 'customer_credits' then j.amount_micros else -j.amount_micros end)
            filter (where j.reason in ('refund', 'refund_undone') and 'customer_credits' in (j.source, j.target)) as refunded,
        sum(case j.target when 'disputed' then j.amount_micros else -j.amount_micros end)
            filter (where 'disputed' in (j.source, j.target)) as disputed
    from journal j
    where j.shard_id = $1
        and j.top_up_id is not null
        and j.reason in ('tax', 'gateway_fee', 'refund', 'refund_undone', 'dispute', 'dispute_won', 'dispute_lost')
    group by j.organization_id, j.top_up_id
)
select t.organization_id, c.what || ' of top-up ' || t.top_up_id as subject, c.expected, c.found
from top_ups t
left join moved m on m.organization_id = t.organization_id and m.top_up_id = t.top_up_id
cross join lateral (
    values
        ('tax', case when t.state in ('succeeded', 'disputed', 'reversed') then t.tax_micros else 0 end, coalesce(m.tax, 0)),
        ('fee', t.fee_micros, coalesce(m.fee, 0)),
        ('refund', t.refunded_micros, coalesce(m.refunded, 0)),
        ('dispute', t.disputed_micros, coalesce(m.disputed, 0))
) as c (what, expected, found)
where t.shard_id = $1 and c.expected <> c.found
order by 1, 2
limit $2
