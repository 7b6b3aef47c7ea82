-- Top-ups that were settled since $2 and have no receipt yet, in order of their settlement, from the one after ($3, $4) on.
-- A lost dispute settles a top-up anew; the lot that it left says when it was paid.
select
    t.organization_id,
    t.top_up_id,
    l.purchased_at as settled_at,
    t.amount_micros as net_micros,
    t.tax_micros,
    t.tax_treatment,
    t.tax_rate_micros,
    o.name,
    o.country,
    o.currency,
    o.minor_digits,
    b.details,
    coalesce(m.kind, '') as method_kind,
    coalesce(m.brand, '') as brand,
    coalesce(m.last4, '') as last4
from top_ups t
join organizations o on o.shard_id = t.shard_id and o.organization_id = t.organization_id
join fund_lots l on l.shard_id = t.shard_id and l.organization_id = t.organization_id and l.lot_id = t.lot_id
left join billing_details b on b.shard_id = t.shard_id and b.organization_id = t.organization_id
left join payment_methods m
    on m.shard_id = t.shard_id
    and m.organization_id = t.organization_id
    and m.payment_method_id::text = t.payment_method
where t.shard_id = $1
    and t.state in ('succeeded', 'disputed', 'reversed')
    and t.settled_at >= $2
    and (l.purchased_at, t.top_up_id) > ($3, $4)
    and not exists (
        select
        from receipts r
        where r.shard_id = t.shard_id
            and r.organization_id = t.organization_id
            and r.cause = 'top_up'
            and r.subject_id = t.top_up_id
    )
order by l.purchased_at, t.top_up_id
limit $5
