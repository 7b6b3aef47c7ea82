-- The accounts of these organizations as decisions need them; read before anything else of them, for its version.
select
    o.organization_id,
    a.version,
    o.status,
    o.country,
    o.currency,
    o.minor_digits,
    o.time_zone,
    o.rate_deck_id,
    a.lot_ids,
    a.lot_free_micros,
    a.lot_held_micros,
    r.enabled,
    r.recharge_amount_micros,
    r.trigger_amount_micros,
    r.monthly_cap_micros,
    r.payment_method,
    r.cool_down_until,
    r.declines,
    r.retry_at,
    r.suspended,
    r.month,
    r.month_micros
from accounts a
join organizations o on o.shard_id = a.shard_id and o.organization_id = a.organization_id
left join recharge_rules r on r.shard_id = a.shard_id and r.organization_id = a.organization_id
where a.shard_id = $1 and a.organization_id = any ($2::uuid[])
