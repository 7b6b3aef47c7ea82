-- The gateway has been told that a payment method was removed.
update payment_methods
set detach_owed = false
where shard_id = $1 and organization_id = $2 and payment_method_id = $3
