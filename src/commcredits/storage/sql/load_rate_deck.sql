-- One deck, without its rates.
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
    d.rolled_back_at,
    d.terms
from rate_decks d
where d.shard_id = $1
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and d.rate_deck_id = $2
