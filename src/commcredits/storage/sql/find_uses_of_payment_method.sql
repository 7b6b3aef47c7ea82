-- What stands against the removal of a payment method: an enabled rule that pays with it, an attempt that is open.
select
    exists (
        select
        from recharge_rules r
        where r.shard_id = $1
            and r.organization_id = $2
            and r.enabled
            and (r.payment_method = $3 or r.backup_payment_method = $3)
    ) as in_rule,
    (
        select t.top_up_id
        from top_ups t
        where t.shard_id = $1
            and t.organization_id = $2
            and t.payment_method = $3
            and t.state in ('due', 'sent', 'processing', 'action_required', 'unknown')
        limit 1
    ) as open_top_up_id
