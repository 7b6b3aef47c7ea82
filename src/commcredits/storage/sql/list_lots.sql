-- What is left of an organization's lots, in order of use; one row without a lot when nothing is left of any. Each row
-- says also how large the newest line of credit is, while the organization pays after use, and which lot it is.
select
    o.currency,
    o.post_usage,
    a.owed_micros,
    line.lot_id as line_id,
    line.amount_micros as line_micros,
    left_over.lot_id,
    l.source,
    l.purchased_at,
    l.expires_at,
    l.amount_micros,
    left_over.free_micros,
    left_over.held_micros
from organizations o
join accounts a on a.shard_id = o.shard_id and a.organization_id = o.organization_id
left join lateral unnest(a.lot_ids, a.lot_free_micros, a.lot_held_micros)
    with ordinality as left_over (lot_id, free_micros, held_micros, position) on true
left join fund_lots l
    on l.shard_id = a.shard_id and l.organization_id = a.organization_id and l.lot_id = left_over.lot_id
left join lateral (
    select newest.lot_id, newest.amount_micros
    from fund_lots newest
    where newest.shard_id = o.shard_id
        and newest.organization_id = o.organization_id
        and newest.source = 'post_usage'
        and o.post_usage
    order by newest.purchased_at desc, newest.lot_id desc
    limit 1
) line on true
where o.shard_id = $1 and o.organization_id = $2
order by left_over.position
