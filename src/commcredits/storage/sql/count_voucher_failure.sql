-- One more code that was none.
update voucher_attempts a
set failures = a.failures + 1
where a.shard_id = $1 and a.organization_id = $2
