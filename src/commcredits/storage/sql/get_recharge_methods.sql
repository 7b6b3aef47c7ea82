-- What an organization's recharge rule pays with, and whether it is on.
select r.enabled, r.payment_method, r.backup_payment_method
from recharge_rules r
where r.shard_id = $1 and r.organization_id = $2
