-- Notes that a card or account is charged, and locks its row, so that its attempts are counted one after another.
insert into charged_methods (shard_id, organization_id, gateway, fingerprint, first_seen_at)
values ($1, $2, $3, $4, $5)
on conflict (shard_id, organization_id, gateway, fingerprint) do update
set first_seen_at = least(charged_methods.first_seen_at, excluded.first_seen_at)
returning first_seen_at
