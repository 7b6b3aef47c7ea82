-- Organizations that are assigned a deck which is not published, or not in their currency (counted).
select o.organization_id, 'rate deck ' || o.rate_deck_id as subject, 1 as expected, 0 as found
from organizations o
left join rate_decks d
    on d.shard_id = o.shard_id
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and d.rate_deck_id = o.rate_deck_id
where o.shard_id = $1 and o.rate_deck_id is not null and d.currency is distinct from o.currency
order by 1
limit $2
