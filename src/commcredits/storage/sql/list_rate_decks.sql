-- Published decks, newest first, from the one before a given instant and id on.
select d.rate_deck_id, d.name, d.currency, d.rate_count, d.published_at
from rate_decks d
where d.shard_id = $1
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and (d.published_at, d.rate_deck_id) < ($2, $3::uuid)
order by d.published_at desc, d.rate_deck_id desc
limit $4
