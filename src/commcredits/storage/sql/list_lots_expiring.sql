-- Lots with something left that expire within some days, each with the nearest of the chosen distances that it has come
-- within, unless that was told or the lot was bought within it: a page of them, in order of expiry.
select l.organization_id, l.lot_id, l.expires_at, left_of.free_micros, o.currency, ahead.days
from fund_lots l
cross join lateral (
    select min(d.days) as days
    from unnest($4::integer[]) as d (days)
    where l.expires_at <= $2::timestamptz + make_interval(days => d.days)
) ahead
join organizations o on o.shard_id = l.shard_id and o.organization_id = l.organization_id
join accounts a on a.shard_id = l.shard_id and a.organization_id = l.organization_id
cross join lateral unnest(a.lot_ids, a.lot_free_micros) as left_of (lot_id, free_micros)
where l.shard_id = $1
    and l.expires_at > $2
    and l.expires_at <= $3
    and (l.expires_at, l.lot_id) > ($5, $6::uuid)
    and l.purchased_at <= l.expires_at - make_interval(days => ahead.days)
    and l.source <> 'post_usage'
    and o.status <> 'closed'
    and left_of.lot_id = l.lot_id
    and left_of.free_micros > 0
    and not exists (
        select 1
        from notices n
        where n.shard_id = l.shard_id
            and n.organization_id = l.organization_id
            and n.kind = 'lot_expiring'
            and n.key = l.lot_id || ':' || ahead.days
    )
order by l.expires_at, l.lot_id
limit $7
