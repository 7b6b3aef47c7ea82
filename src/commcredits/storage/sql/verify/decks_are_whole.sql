-- Published decks with more or fewer rates than they were published with (counted).
select d.organization_id, 'rate deck ' || d.rate_deck_id as subject, d.rate_count as expected, rates.count as found
from rate_decks d
cross join lateral (
    select count(*) as count
    from rates r
    where r.shard_id = d.shard_id and r.organization_id = d.organization_id and r.rate_deck_id = d.rate_deck_id
) rates
where d.shard_id = $1 and rates.count <> d.rate_count
order by 1, 2
limit $2
