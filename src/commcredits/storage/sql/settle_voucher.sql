-- What became of a claim: redeemed as this lot, or open again because the account took nothing of it.
update vouchers v
set state = case when $4::uuid is null then 'open' else 'redeemed' end,
    lot_id = $4,
    claimed_by = case when $4::uuid is not null then v.claimed_by end
where v.shard_id = $1
    and v.organization_id = '00000000-0000-0000-0000-000000000000'
    and v.voucher_id = $2
    and v.claim_number = $3
    and v.state = 'claimed'
