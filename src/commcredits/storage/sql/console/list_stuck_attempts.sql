-- Purchases of all organizations that are open, from those since before an instant on, oldest first after a given one: the
-- operator's own list. With what is known of each: its payer's organization, method and gateway.
select
    t.*,
    o.name,
    o.currency,
    coalesce(m.brand, '') as brand,
    coalesce(m.last4, '') as last4,
    coalesce(nullif(t.gateway, ''), m.gateway, '') as through
from top_ups t
join organizations o on o.shard_id = t.shard_id and o.organization_id = t.organization_id
left join payment_methods m
    on m.shard_id = t.shard_id
    and m.organization_id = t.organization_id
    and m.payment_method_id::text = t.payment_method
where t.shard_id = $1
    and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown')
    and t.created_at <= $2
    and t.top_up_id > $3
    and ($4::text = '' or t.state = $4)
order by t.top_up_id
limit $5
