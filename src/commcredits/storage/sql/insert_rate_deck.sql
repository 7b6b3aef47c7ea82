-- Writes a deck down; its rates were copied in before, in the same transaction.
insert into rate_decks (
    shard_id, organization_id, rate_deck_id, name, currency, rate_count, created_at, state, published_at, terms
)
values ($1, '00000000-0000-0000-0000-000000000000', $2, $3, $4, $5, $6, $7, $8, $9)
