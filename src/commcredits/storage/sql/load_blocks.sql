-- The blocks of these organizations that are in force, oldest first.
select *
from blocks b
where b.shard_id = $1 and b.organization_id = any ($2::uuid[]) and b.lifted_at is null
order by b.blocked_at, b.block_id
