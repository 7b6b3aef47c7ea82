-- Organizations whose auto-recharge rule may be due although nothing of theirs moves: a cool-down or back-off is over,
-- or a month began. A page of them, in order of id, after a given one.
select r.organization_id
from recharge_rules r
join accounts a on a.shard_id = r.shard_id and a.organization_id = r.organization_id
join organizations o on o.shard_id = r.shard_id and o.organization_id = r.organization_id
where r.shard_id = $1
    and r.organization_id > $3
    and o.status = 'open'
    and r.enabled
    and not r.suspended
    and (r.retry_at is null or r.retry_at <= $2)
    and (r.cool_down_until is null or r.cool_down_until <= $2)
    and r.paused is null
    -- Of a rule that looks ahead the balance is not known here; it is asked in any case.
    and (r.expiry_ahead_days > 0 or a.posted_micros - a.held_micros - a.owed_micros < r.trigger_amount_micros)
    -- The cap is reached and somebody was told, and the month that it counts has not ended even where days begin first,
    -- 14 hours before UTC. Who was not told yet is asked once more: with that, he is.
    and not (
        r.mode = 'fixed'
        and r.cap_told_percent >= 100
        and r.month_micros + r.recharge_amount_micros > r.monthly_cap_micros
        and r.month >= to_char(($2 + interval '14 hours') at time zone 'UTC', 'YYYY-MM')
    )
    and not exists (
        select
        from top_ups t
        where t.shard_id = r.shard_id
            and t.organization_id = r.organization_id
            and t.kind = 'auto_recharge'
            and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown')
    )
order by r.organization_id
limit $4
