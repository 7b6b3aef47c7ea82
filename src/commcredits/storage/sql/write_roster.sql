-- A roster as it is from now on, and a new version of the account, so that every copy of it in memory is found stale.
with written as (
    update rosters r
    set version = $3, roster = $4
    where r.shard_id = $1 and r.organization_id = $2
)
update accounts a
set version = a.version + 1
where a.shard_id = $1 and a.organization_id = $2
returning a.version
