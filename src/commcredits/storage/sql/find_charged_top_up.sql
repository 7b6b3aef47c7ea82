-- The top-up that a gateway names by our key or by its own reference; any text may come, so the key is compared as text.
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
    and t.sent_at is not null
    and (
        (
            t.top_up_id = case
                when $3::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $3::uuid
            end
            and coalesce(nullif(t.gateway, ''), m.gateway, '') = $2
        )
        or (t.gateway = $2 and t.gateway_reference = nullif($4::text, ''))
    )
order by (t.top_up_id::text = $3) desc
limit 1
