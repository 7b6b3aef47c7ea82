-- The sandbox of an organization, by either of their ids.
select o.organization_id, o.sandbox_of, o.name, o.currency, o.created_at
from organizations o
where o.shard_id = $1 and o.sandbox_of is not null and (o.sandbox_of = $2::uuid or o.organization_id = $2::uuid)
