-- By how much one person has adjusted an organization's balance alone since an instant, up or down.
select coalesce(sum(abs(d.amount_micros)), 0)::bigint as micros
from adjustments d
where d.shard_id = $1
    and d.organization_id = $2
    and d.requested_actor = $3
    and d.requested_at > $4
    and d.decided_by = ''
    and d.state in ('approved', 'applied')
