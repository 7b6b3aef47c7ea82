-- The accounts of these organizations as decisions need them; read before anything else of them, for its version.
-- Probed one by one, whatever the planner believes of the tables: see commit_batch.sql.
select
    o.organization_id,
    a.version,
    o.status,
    o.country,
    o.currency,
    o.minor_digits,
    o.time_zone,
    o.rate_deck_id,
    o.post_usage,
    o.has_tax_id,
    o.sandbox_of is not null as is_sandbox,
    a.lot_ids,
    a.lot_free_micros,
    a.lot_held_micros,
    a.owed_micros,
    n.rate_deck_id as next_rate_deck_id,
    n.in_force_at as next_rate_deck_at,
    p.roster,
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
    r.month_micros,
    r.mode,
    r.target_amount_micros,
    r.backup_payment_method,
    r.expiry_ahead_days,
    r.backup_use,
    r.paused,
    r.cap_told_percent,
    b.amounts_micros as alert_amounts_micros,
    b.zero_told
from unnest($2::uuid[]) as wanted (organization_id)
cross join lateral (
    select *
    from accounts a
    where a.shard_id = $1 and a.organization_id = wanted.organization_id
    offset 0
) a
cross join lateral (
    select *
    from organizations o
    where o.shard_id = $1 and o.organization_id = wanted.organization_id
    offset 0
) o
left join lateral (
    select *
    from recharge_rules r
    where r.shard_id = $1 and r.organization_id = wanted.organization_id
    offset 0
) r on true
left join lateral (
    select p.roster
    from rosters p
    where p.shard_id = $1 and p.organization_id = wanted.organization_id
    offset 0
) p on true
left join lateral (
    select *
    from next_rate_decks n
    where n.shard_id = $1 and n.organization_id = wanted.organization_id
    offset 0
) n on true
left join lateral (
    select *
    from balance_alerts b
    where b.shard_id = $1 and b.organization_id = wanted.organization_id
    offset 0
) b on true
