-- What was issued last of a series whose row is locked.
update receipt_series s
set last_sequence = $4, last_issued_at = $5
where s.shard_id = $1 and s.organization_id = $2 and s.series = $3
