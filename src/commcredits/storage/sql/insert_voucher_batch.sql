-- A batch of vouchers with the digests of their codes. Vouchers are the operator's, whoever redeems them.
with batch as (
    insert into voucher_batches (
        shard_id, organization_id, batch_id, quantity, amount_micros, currency, redeem_until, lot_days, note,
        issued_by, issued_at
    )
    values (
        $1, '00000000-0000-0000-0000-000000000000', $2, cardinality($10::bytea[]), $3, $4, $5, $6, $7, $8, $9
    )
)
insert into vouchers (shard_id, organization_id, voucher_id, batch_id, digest, state)
select $1, '00000000-0000-0000-0000-000000000000', v.voucher_id, $2, v.digest, 'open'
from unnest($11::uuid[], $10::bytea[]) as v (voucher_id, digest)
