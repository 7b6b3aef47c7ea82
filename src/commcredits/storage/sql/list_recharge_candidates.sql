-- Organizations whose auto-recharge rule may be due although nothing of theirs moves: a cool-down or back-off is over.
select r.organization_id
from recharge_rules r
join accounts a on a.shard_id = r.shard_id and a.organization_id = r.organization_id
where r.shard_id = $1
    and r.enabled
    and not r.suspended
    and (r.retry_at is null or r.retry_at <= $2)
    and (r.cool_down_until is null or r.cool_down_until <= $2)
    and a.posted_micros - a.held_micros < r.trigger_amount_micros
    and not exists (
        select
        from top_ups t
        where t.shard_id = r.shard_id
            and t.organization_id = r.organization_id
            and t.kind = 'auto_recharge'
            and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown')
    )
order by r.organization_id
limit $3
