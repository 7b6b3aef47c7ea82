-- A voucher by the digest of its code, with the terms of its batch.
select
    v.voucher_id,
    v.batch_id,
    v.state,
    v.claimed_by,
    v.claim_number,
    v.claimed_at,
    v.lot_expires_at,
    v.lot_id,
    v.voided_by,
    v.voided_at,
    b.amount_micros,
    b.currency,
    b.redeem_until,
    b.lot_days,
    b.note
from vouchers v
join voucher_batches b
    on b.shard_id = v.shard_id and b.organization_id = v.organization_id and b.batch_id = v.batch_id
where v.shard_id = $1 and v.organization_id = '00000000-0000-0000-0000-000000000000' and v.digest = $2
