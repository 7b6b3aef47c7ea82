-- The account after the operation.
update accounts
set version = version + 1,
    posted_micros = $3,
    held_micros = $4,
    lot_ids = $5,
    lot_free_micros = $6,
    lot_held_micros = $7
where shard_id = $1 and organization_id = $2
