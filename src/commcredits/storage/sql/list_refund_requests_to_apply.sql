-- Refunds that were agreed to and are not carried out yet, oldest first, from the one after an id on.
select r.*
from refund_requests r
where r.shard_id = $1 and r.state = 'approved' and r.refund_request_id > $3
order by r.refund_request_id
limit $2
