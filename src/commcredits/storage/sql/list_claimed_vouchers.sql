-- Vouchers that were claimed and are not redeemed yet, oldest first and from the one after an id on, with
-- the terms of their batches.
select
    v.voucher_id,
    v.claimed_by,
    v.claim_number,
    v.lot_expires_at,
    b.amount_micros
from vouchers v
join voucher_batches b
    on b.shard_id = v.shard_id and b.organization_id = v.organization_id and b.batch_id = v.batch_id
where v.shard_id = $1
    and v.organization_id = '00000000-0000-0000-0000-000000000000'
    and v.state = 'claimed'
    and v.voucher_id > $3
order by v.voucher_id
limit $2
