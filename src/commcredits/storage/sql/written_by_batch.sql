-- Which of these organizations a committed batch wrote: those whose row still carries that batch's transaction.
select a.organization_id
from batches b
join accounts a on a.shard_id = b.shard_id and a.xmin = b.xmin
where b.shard_id = $1
    and b.organization_id = '00000000-0000-0000-0000-000000000000'
    and b.batch_id = $2
    and a.organization_id = any ($3::uuid[])
