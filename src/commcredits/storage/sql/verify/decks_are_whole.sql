-- Decks with more or fewer rates than they were written with (counted); a discarded draft has none.
select
    d.organization_id,
    'rate deck ' || d.rate_deck_id as subject,
    case when d.state = 'discarded' then 0 else d.rate_count end as expected,
    rates.count as found
from rate_decks d
cross join lateral (
    select count(*) as count
    from rates r
    where r.shard_id = d.shard_id and r.organization_id = d.organization_id and r.rate_deck_id = d.rate_deck_id
) rates
where d.shard_id = $1 and rates.count <> case when d.state = 'discarded' then 0 else d.rate_count end
order by 1, 2
limit $2
