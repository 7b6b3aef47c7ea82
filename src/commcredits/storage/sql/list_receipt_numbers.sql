-- The numbers of the receipts of these top-ups, those that have one.
select r.top_up_id, r.number
from receipts r
where r.shard_id = $1 and r.organization_id = $2 and r.top_up_id = any ($3::uuid[]) and r.cause = 'top_up'
