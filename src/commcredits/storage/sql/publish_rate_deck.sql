-- Publishes a draft; no row comes back when it is none any more.
update rate_decks d
set state = 'published', published_at = $3, in_force_at = $4, replaces_rate_deck_id = $5
where d.shard_id = $1
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and d.rate_deck_id = $2
    and d.state = 'draft'
returning d.rate_deck_id
