-- Takes a number that has become an organization's out of the operator's stock, whoever had reserved it.
update number_stock s
set acquired_by = $3, reserved_by = null, reserved_until = null
where s.shard_id = $1 and s.organization_id = '00000000-0000-0000-0000-000000000000' and s.number = $2
