-- For each of these organizations, a text that changes whenever anything does that its decisions rest on. Whoever watches
-- organizations asks this of all of them at once.
select a.organization_id, a.version::text as mark
from unnest($2::uuid[]) as wanted (organization_id)
cross join lateral (
    select a.organization_id, a.version
    from accounts a
    where a.shard_id = $1 and a.organization_id = wanted.organization_id
    offset 0
) a
