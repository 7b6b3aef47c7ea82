-- How many organizations a deck prices or will price, and some of those that are on another deck and not on this one.
select
    count(*) filter (where a.has_target) as organizations,
    coalesce(
        (array_agg(a.organization_id order by a.organization_id) filter (where not a.has_target))[1:$4::integer],
        '{}'
    ) as left_ids
from (
    select
        o.organization_id,
        -- Null where there is no deck at all: that one is on neither.
        coalesce(o.rate_deck_id = $2, false) or coalesce(n.rate_deck_id = $2, false) as has_target
    from organizations o
    left join next_rate_decks n on n.shard_id = o.shard_id and n.organization_id = o.organization_id
    where o.shard_id = $1
        and o.status <> 'closed'
        and (o.rate_deck_id = any(array[$2, $3]::uuid []) or n.rate_deck_id = any(array[$2, $3]::uuid []))
) a
