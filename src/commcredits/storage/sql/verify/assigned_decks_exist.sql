-- Organizations that are assigned a deck, now or next, which is not published, or not in their currency (counted).
select o.organization_id, 'rate deck ' || assigned.rate_deck_id as subject, 1 as expected, 0 as found
from organizations o
left join next_rate_decks n on n.shard_id = o.shard_id and n.organization_id = o.organization_id
cross join lateral unnest(array[o.rate_deck_id, n.rate_deck_id]) as assigned (rate_deck_id)
left join rate_decks d
    on d.shard_id = o.shard_id
    and d.organization_id = '00000000-0000-0000-0000-000000000000'
    and d.rate_deck_id = assigned.rate_deck_id
    and d.state = 'published'
where o.shard_id = $1 and assigned.rate_deck_id is not null and d.currency is distinct from o.currency
order by 1, 2
limit $2
