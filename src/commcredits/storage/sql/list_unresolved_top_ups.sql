-- Attempts that were sent before an instant and are not settled: a page, in order of id and so of age, after a given one.
select
    t.*,
    o.currency,
    coalesce(m.brand, '') as brand,
    coalesce(m.last4, '') as last4
from top_ups t
join organizations o on o.shard_id = t.shard_id and o.organization_id = t.organization_id
left join payment_methods m
    on m.shard_id = t.shard_id
    and m.organization_id = t.organization_id
    and m.payment_method_id::text = t.payment_method
where t.shard_id = $1
    and t.state in ('sent', 'processing', 'action_required', 'unknown')
    and t.sent_at < $2
    and t.top_up_id > $3
order by t.top_up_id
limit $4
