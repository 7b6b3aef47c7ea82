-- What never changes about these lots.
select l.organization_id, l.lot_id, l.source, l.purchased_at, l.expires_at
from unnest($2::uuid[], $3::uuid[]) as wanted (organization_id, lot_id)
join fund_lots l
    on l.shard_id = $1 and l.organization_id = wanted.organization_id and l.lot_id = wanted.lot_id
