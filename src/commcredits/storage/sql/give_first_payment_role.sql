-- Lets an organization's oldest payment method be its default, where none is.
update payment_methods
set is_default = true, is_backup = false
where shard_id = $1
    and organization_id = $2
    and removed_at is null
    and payment_method_id = (
        select m.payment_method_id
        from payment_methods m
        where m.shard_id = $1 and m.organization_id = $2 and m.removed_at is null
        order by m.payment_method_id
        limit 1
    )
    and not exists (
        select from payment_methods m where m.shard_id = $1 and m.organization_id = $2 and m.is_default
    )
returning payment_method_id
