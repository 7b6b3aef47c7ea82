-- Writes down that the operator's log was told of these blocks.
update blocks b
set announced_at = $4
from unnest($2::uuid[], $3::uuid[]) as told (organization_id, block_id)
where b.shard_id = $1 and b.organization_id = told.organization_id and b.block_id = told.block_id
