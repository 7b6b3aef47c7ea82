-- Spends a code that may be shown once; gives a row the first time.
insert into spent_codes (shard_id, organization_id, code_hash, forget_at)
values ($1, $2, $3, $4)
on conflict do nothing
returning code_hash
