-- The refund that a gateway names by our key or by its own reference; any text may come as the key.
select r.*, t.gateway, t.gateway_reference as charge_reference, o.currency
from refunds r
join top_ups t on t.shard_id = r.shard_id and t.organization_id = r.organization_id and t.top_up_id = r.top_up_id
join organizations o on o.shard_id = r.shard_id and o.organization_id = r.organization_id
where r.shard_id = $1
    and t.gateway = $2
    and (
        r.refund_id = case when $3::text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $3::uuid end
        or r.gateway_reference = nullif($4::text, '')
    )
order by (r.refund_id::text = $3) desc
limit 1
