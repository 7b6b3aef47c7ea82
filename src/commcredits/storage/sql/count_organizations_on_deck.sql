-- How many organizations a deck prices or will price, and some of those that are on another deck and not on this one.
select
    count(*) filter (where o.has_target) as organizations,
    coalesce(
        (array_agg(o.organization_id order by o.organization_id) filter (where not o.has_target))[1:$4::integer],
        '{}'
    ) as left_ids
from (
    select
        n.organization_id,
        -- Null where there is no deck at all: that one is on neither.
        coalesce(n.rate_deck_id = $2, false) or coalesce(n.next_rate_deck_id = $2, false) as has_target
    from organizations n
    where n.shard_id = $1
        and n.status <> 'closed'
        and (
            n.rate_deck_id = any(array[$2, $3]::uuid [])
            or n.next_rate_deck_id = any(array[$2, $3]::uuid [])
        )
) o
