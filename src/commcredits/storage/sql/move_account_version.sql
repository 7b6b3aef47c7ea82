-- A new version of an account, so that every copy of it in memory is found stale; locks its row.
update accounts a
set version = a.version + 1
where a.shard_id = $1 and a.organization_id = $2
returning a.version
