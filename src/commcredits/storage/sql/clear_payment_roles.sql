-- Takes the roles of all payment methods of an organization, so that they can be given anew.
update payment_methods
set is_default = false, is_backup = false
where shard_id = $1 and organization_id = $2 and (is_default or is_backup)
