-- Locks the account rows of these organizations in the order of their ids, so that two lockers cannot deadlock. Each is
-- probed by its key: "any" with "order by" is planned as a walk through all accounts of the shard before version 17.
with wanted as materialized (
    select w.organization_id
    from unnest($2::uuid[]) as w (organization_id)
    order by w.organization_id
)
select known.organization_id
from wanted w
cross join lateral (
    select a.organization_id
    from accounts a
    where a.shard_id = $1 and a.organization_id = w.organization_id
    for update
    offset 0
) known
