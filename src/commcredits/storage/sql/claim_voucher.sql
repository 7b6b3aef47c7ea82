-- An open voucher, which is locked, becomes this organization's.
update vouchers v
set state = 'claimed', claimed_by = $3, claim_number = v.claim_number + 1, claimed_at = $4, lot_expires_at = $5
where v.shard_id = $1
    and v.organization_id = '00000000-0000-0000-0000-000000000000'
    and v.voucher_id = $2
    and v.state = 'open'
