-- Discards a draft with its rates; no row comes back when it is none any more.
with discarded as (
    update rate_decks d
    set state = 'discarded'
    where d.shard_id = $1
        and d.organization_id = '00000000-0000-0000-0000-000000000000'
        and d.rate_deck_id = $2
        and d.state = 'draft'
    returning d.shard_id, d.organization_id, d.rate_deck_id
),

gone as (
    delete from rates r
    using discarded d
    where r.shard_id = d.shard_id and r.organization_id = d.organization_id and r.rate_deck_id = d.rate_deck_id
)

select d.rate_deck_id
from discarded d
