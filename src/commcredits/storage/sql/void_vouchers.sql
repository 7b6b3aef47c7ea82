-- Makes open vouchers worthless: one of a digest, or all of a batch; returns them.
update vouchers v
set state = 'voided', voided_by = $4, voided_at = $5
where v.shard_id = $1
    and v.organization_id = '00000000-0000-0000-0000-000000000000'
    and v.state = 'open'
    and (v.digest = $2::bytea or v.batch_id = $3::uuid)
returning v.voucher_id
