-- Why a block was lifted, once it was; the first reason stands.
update blocks b
set lift_reason = $4
where b.shard_id = $1 and b.organization_id = $2 and b.block_id = $3 and b.lifted_at is not null and b.lift_reason = ''
