-- Locks a series until the transaction ends: its numbers are given one after another, by one worker at a time.
select s.last_sequence, s.last_issued_at
from receipt_series s
where s.shard_id = $1 and s.organization_id = $2 and s.series = $3
for update
