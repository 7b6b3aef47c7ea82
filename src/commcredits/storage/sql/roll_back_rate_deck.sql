-- Says that a deck that replaced another was rolled back, when it was not before.
update rate_decks d
set rolled_back_at = coalesce(d.rolled_back_at, $3)
where d.shard_id = $1
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and d.rate_deck_id = $2
