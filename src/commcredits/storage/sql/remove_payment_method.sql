-- Removes a payment method: it stays for what it paid, has no role any more, and its gateway has to be told.
update payment_methods
set removed_at = $4, is_default = false, is_backup = false, detach_owed = $5
where shard_id = $1 and organization_id = $2 and payment_method_id::text = $3 and removed_at is null
