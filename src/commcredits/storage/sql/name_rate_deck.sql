-- What a rate deck is called; decks are the operator's.
select d.name
from rate_decks d
where d.shard_id = $1 and d.organization_id = '00000000-0000-0000-0000-000000000000' and d.rate_deck_id = $2
