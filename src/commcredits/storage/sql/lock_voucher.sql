-- Locks a voucher by the digest of its code until the transaction ends: of several who claim it, one comes first.
select v.voucher_id
from vouchers v
where v.shard_id = $1 and v.organization_id = '00000000-0000-0000-0000-000000000000' and v.digest = $2
for update
