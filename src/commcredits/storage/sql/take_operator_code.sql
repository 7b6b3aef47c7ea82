-- Takes the code of a step, if no code of that step or of a later one was taken.
update operator_credentials c
set totp_step = $3
where c.shard_id = $1 and c.organization_id = $2 and c.totp_step < $3 and c.password_hash = $4
returning c.totp_step
