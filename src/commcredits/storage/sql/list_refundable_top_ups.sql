-- Paid top-ups of an organization with anything left that a payment could carry, in whole minor units of its currency.
select t.top_up_id, t.refunded_micros
from accounts a
join organizations o on o.shard_id = a.shard_id and o.organization_id = a.organization_id
cross join lateral unnest(a.lot_ids, a.lot_free_micros) as left_over (lot_id, free_micros)
join fund_lots l
    on l.shard_id = a.shard_id and l.organization_id = a.organization_id and l.lot_id = left_over.lot_id
join top_ups t
    on t.shard_id = a.shard_id and t.organization_id = a.organization_id and t.lot_id = left_over.lot_id
where a.shard_id = $1
    and a.organization_id = $2
    and t.state = 'succeeded'
    and l.expires_at > $3
    and left_over.free_micros >= 1000000 / power(10, o.minor_digits)
order by t.top_up_id
