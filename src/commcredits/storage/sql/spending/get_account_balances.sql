-- What an organization's ledger must come to: the posted balance, and what it owes.
select a.posted_micros, a.owed_micros from accounts a where a.shard_id = $1 and a.organization_id = $2
