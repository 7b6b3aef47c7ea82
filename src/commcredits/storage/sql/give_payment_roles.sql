-- Gives the roles: the default, and the backup where there is one.
update payment_methods
set is_default = payment_method_id::text = $3, is_backup = payment_method_id::text = $4
where shard_id = $1 and organization_id = $2 and payment_method_id::text in ($3, $4) and removed_at is null
