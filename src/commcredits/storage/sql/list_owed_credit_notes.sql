-- Refunds and lost disputes that were settled since $2, whose top-up has a receipt, and that have no credit note yet; in
-- order of settlement, from the one after ($3, $4) on. What a dispute took is what the journal moved for it. A bank may
-- take what a refund gave back already; credit notes give back what the receipt says, and the rest is a debt.
with settled as (
    select
        f.organization_id,
        'refund' as cause,
        f.refund_id as subject_id,
        f.top_up_id,
        f.settled_at,
        f.amount_micros as net_micros,
        f.tax_micros
    from refunds f
    where f.shard_id = $1 and f.state = 'refunded' and f.settled_at >= $2
    union all
    select
        t.organization_id,
        'dispute' as cause,
        t.top_up_id as subject_id,
        t.top_up_id,
        t.settled_at,
        moved.net_micros,
        moved.tax_micros
    from top_ups t
    cross join lateral (
        select
            coalesce(sum(j.amount_micros) filter (where j.source <> 'tax'), 0)::bigint as net_micros,
            coalesce(sum(j.amount_micros) filter (where j.source = 'tax'), 0)::bigint as tax_micros
        from journal j
        where j.shard_id = $1
            and j.organization_id = t.organization_id
            and j.top_up_id = t.top_up_id
            and j.reason = 'dispute_lost'
    ) moved
    where t.shard_id = $1
        and t.state = 'reversed'
        and t.settled_at >= $2
        and moved.net_micros + moved.tax_micros > 0
)
select
    s.organization_id,
    s.cause,
    s.subject_id,
    s.top_up_id,
    s.settled_at,
    s.net_micros,
    s.tax_micros,
    r.net_micros - credited.net_micros as net_left_micros,
    r.tax_micros - credited.tax_micros as tax_left_micros,
    r.document
from settled s
join receipts r
    on r.shard_id = $1
    and r.organization_id = s.organization_id
    and r.cause = 'top_up'
    and r.subject_id = s.top_up_id
cross join lateral (
    select
        coalesce(sum(c.net_micros), 0)::bigint as net_micros,
        coalesce(sum(c.tax_micros), 0)::bigint as tax_micros
    from receipts c
    where c.shard_id = $1
        and c.organization_id = s.organization_id
        and c.top_up_id = s.top_up_id
        and c.cause <> 'top_up'
) credited
where (s.settled_at, s.subject_id) > ($3, $4)
    and credited.net_micros + credited.tax_micros < r.net_micros + r.tax_micros
    and not exists (
        select
        from receipts c
        where c.shard_id = $1
            and c.organization_id = s.organization_id
            and c.cause = s.cause
            and c.subject_id = s.subject_id
    )
order by s.settled_at, s.subject_id
limit $5
