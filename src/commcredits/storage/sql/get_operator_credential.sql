-- What the break-glass operator has to know.
select c.password_hash, c.totp_secret, c.totp_step
from operator_credentials c
where c.shard_id = $1 and c.organization_id = $2
