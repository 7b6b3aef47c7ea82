-- What binds an organization to its currency, read while its account is locked.
select
    exists (
        select from fund_lots l where l.shard_id = $1 and l.organization_id = $2
    ) as funds,
    exists (
        select from journal j where j.shard_id = $1 and j.organization_id = $2
    ) as booked,
    exists (
        select
        from top_ups t
        where t.shard_id = $1
            and t.organization_id = $2
            and t.state in ('sent', 'processing', 'action_required', 'unknown', 'disputed')
    ) as top_up_open,
    exists (
        select from live_calls c where c.shard_id = $1 and c.organization_id = $2
    ) as calls_in_progress,
    exists (
        select from vouchers v where v.shard_id = $1 and v.claimed_by = $2 and v.state = 'claimed'
    ) as voucher,
    exists (
        select
        from adjustments d
        where d.shard_id = $1 and d.organization_id = $2 and d.state = 'approved'
    ) as adjustment,
    exists (
        select from recharge_rules r where r.shard_id = $1 and r.organization_id = $2 and r.enabled
    )
    or exists (
        select from top_ups t where t.shard_id = $1 and t.organization_id = $2 and t.state = 'due'
    ) as rule_on
