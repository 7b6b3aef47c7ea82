-- Organizations whose calls a deck prices or will price, in order of id, from the one after a given id on.
select
    o.organization_id,
    o.rate_deck_id,
    n.rate_deck_id as next_rate_deck_id,
    n.in_force_at as next_rate_deck_at
from organizations o
left join next_rate_decks n on n.shard_id = o.shard_id and n.organization_id = o.organization_id
where o.shard_id = $1
    and o.organization_id > $2
    and $3::uuid in (o.rate_deck_id, n.rate_deck_id)
    and o.status <> 'closed'
order by o.organization_id
limit $4
