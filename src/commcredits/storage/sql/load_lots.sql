-- What never changes about these lots. Probed one by one, whatever the planner believes: see commit_batch.sql.
select known.*
from unnest($2::uuid[], $3::uuid[]) as wanted (organization_id, lot_id)
cross join lateral (
    select l.organization_id, l.lot_id, l.source, l.purchased_at, l.expires_at
    from fund_lots l
    where l.shard_id = $1 and l.organization_id = wanted.organization_id and l.lot_id = wanted.lot_id
    offset 0
) known
