-- The blocks of these organizations that are in force, oldest first. Probed organization by organization, whatever the
-- planner believes of the table: see commit_batch.sql.
select known.*
from unnest($2::uuid[]) as wanted (organization_id)
cross join lateral (
    select b.*
    from blocks b
    where b.shard_id = $1 and b.organization_id = wanted.organization_id and b.lifted_at is null
    offset 0
) known
order by known.blocked_at, known.block_id
