-- Which deck prices an organization's calls, and which one is laid ready.
select o.rate_deck_id, n.rate_deck_id as next_rate_deck_id, n.in_force_at as next_rate_deck_at
from organizations o
left join next_rate_decks n on n.shard_id = o.shard_id and n.organization_id = o.organization_id
where o.shard_id = $1 and o.organization_id = $2
