-- The number of the receipt of a purchase, once it is issued.
select r.number
from receipts r
where r.shard_id = $1 and r.organization_id = $2 and r.top_up_id = $3 and r.cause = 'top_up'
