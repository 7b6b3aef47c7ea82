-- Blocks that the operator's log was not told of yet, oldest first; those that another worker is just telling are passed
-- over.
select b.organization_id, b.block_id, b.kind, b.subject, b.reason, b.limit_micros, b.spent_micros, b.blocked_at
from blocks b
where b.shard_id = $1 and b.announced_at is null
order by b.blocked_at
limit $2
for update skip locked
