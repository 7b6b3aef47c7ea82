-- Publishes a deck; its rates were copied in before, in the same transaction.
insert into rate_decks (shard_id, organization_id, rate_deck_id, name, currency, rate_count, published_at)
values ($1, '00000000-0000-0000-0000-000000000000', $2, $3, $4, $5, $6)
