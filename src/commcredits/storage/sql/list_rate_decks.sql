-- Decks in some states, newest first, from the one before a given instant and id on.
select
    d.rate_deck_id,
    d.name,
    d.currency,
    d.rate_count,
    d.state,
    d.created_at,
    d.published_at,
    d.in_force_at,
    d.replaces_rate_deck_id,
    d.rolled_back_at
from rate_decks d
where d.shard_id = $1
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and d.state = any($2::text [])
    and (d.created_at, d.rate_deck_id) < ($3, $4::uuid)
order by d.created_at desc, d.rate_deck_id desc
limit $5
