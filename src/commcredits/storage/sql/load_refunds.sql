-- These refunds, in whatever state, with their lots. Probed one by one, whatever the planner believes: see commit_batch.sql.
select known.*
from unnest($2::uuid[], $3::uuid[]) as wanted (organization_id, refund_id)
cross join lateral (
    select r.*, l.source, l.purchased_at, l.expires_at
    from refunds r
    join fund_lots l on l.shard_id = r.shard_id and l.organization_id = r.organization_id and l.lot_id = r.lot_id
    where r.shard_id = $1 and r.organization_id = wanted.organization_id and r.refund_id = wanted.refund_id
    offset 0
) known
