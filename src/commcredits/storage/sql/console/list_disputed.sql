-- Purchases of all organizations that were ever disputed, newest first, before a given one; the operator's own list.
select
    t.*,
    o.name,
    o.currency,
    coalesce(m.brand, '') as brand,
    coalesce(m.last4, '') as last4,
    t.gateway as through
from top_ups t
join organizations o on o.shard_id = t.shard_id and o.organization_id = t.organization_id
left join payment_methods m
    on m.shard_id = t.shard_id
    and m.organization_id = t.organization_id
    and m.payment_method_id::text = t.payment_method
where t.shard_id = $1 and t.dispute_reference <> '' and t.top_up_id < $2
order by t.top_up_id desc
limit $3
