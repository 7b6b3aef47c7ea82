-- How much one person has refunded an organization alone since an instant, purchases and calls together.
select coalesce(sum(r.amount_micros), 0)::bigint as micros
from refund_requests r
where r.shard_id = $1
    and r.organization_id = $2
    and r.requested_actor = $3
    and r.requested_at > $4
    and r.decided_by = ''
    and r.state in ('approved', 'applied')
