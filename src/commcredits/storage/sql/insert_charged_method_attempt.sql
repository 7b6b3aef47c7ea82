-- Counts an attempt with a card or account.
insert into charged_method_attempts (shard_id, organization_id, top_up_id, gateway, fingerprint, at)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
