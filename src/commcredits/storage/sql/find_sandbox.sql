-- The sandbox of an organization; no row where it has none.
select o.organization_id
from organizations o
where o.shard_id = $1 and o.sandbox_of = $2::uuid
