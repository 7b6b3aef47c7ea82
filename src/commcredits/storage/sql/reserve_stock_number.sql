-- Reserves a number of the operator's stock, whose row is locked.
update number_stock s
set reserved_by = $3, reserved_until = $4
where s.shard_id = $1 and s.organization_id = '00000000-0000-0000-0000-000000000000' and s.number = $2
