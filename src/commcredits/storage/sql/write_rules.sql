-- A roster with other rules, within the transaction that holds its lock; its counts are written when that ends.
update rosters r
set roster = $3
where r.shard_id = $1 and r.organization_id = $2
