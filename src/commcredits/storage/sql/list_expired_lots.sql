-- Organizations with a lot whose expiry lies between two instants and whose free part is not yet booked as breakage.
select distinct l.organization_id
from fund_lots l
join accounts a on a.shard_id = l.shard_id and a.organization_id = l.organization_id
cross join lateral unnest(a.lot_ids, a.lot_free_micros) as left_of (lot_id, free_micros)
where l.shard_id = $1
    and l.expires_at > $2
    and l.expires_at <= $3
    and left_of.lot_id = l.lot_id
    and left_of.free_micros > 0
limit $4
