-- An organization's refunds that were asked for, newest first, from the one before a given id on; of one state, or of all.
select *
from refund_requests r
where r.shard_id = $1
    and r.organization_id = $2
    and r.refund_request_id < $3
    and ($4::text = '' or r.state = $4)
order by r.refund_request_id desc
limit $5
