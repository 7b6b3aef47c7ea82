-- An organization's auto-recharge attempts, newest first, from the one before a given id on, with what a decline led to.
select
    t.*,
    o.currency,
    coalesce(m.brand, '') as brand,
    coalesce(m.last4, '') as last4,
    n.facts as declined_facts
from top_ups t
join organizations o on o.shard_id = t.shard_id and o.organization_id = t.organization_id
left join payment_methods m
    on m.shard_id = t.shard_id
    and m.organization_id = t.organization_id
    and m.payment_method_id::text = t.payment_method
left join notices n
    on n.shard_id = t.shard_id
    and n.organization_id = t.organization_id
    and n.kind = 'recharge_failed'
    and n.key = t.top_up_id::text
where t.shard_id = $1 and t.organization_id = $2 and t.kind = 'auto_recharge' and ($3::uuid is null or t.top_up_id < $3)
order by t.top_up_id desc
limit $4
