-- What became of an approved adjustment: applied, with its lot or its debt, or refused by the account.
update adjustments d
set state = $4, owed_micros = $5, lot_id = $6, refusal = $7
where d.shard_id = $1 and d.organization_id = $2 and d.adjustment_id = $3 and d.state = 'approved'
