-- Cost decks of a currency, or of all, in the order in which they are in force; the later of two of one instant is. Decks
-- are the operator's.
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
    and d.state = 'cost'
    and ($2::text = '' or d.currency = $2)
order by d.currency, d.in_force_at, d.rate_deck_id
