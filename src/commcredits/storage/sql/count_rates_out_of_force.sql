-- How many rates of each of these decks are not in force at an instant.
select r.rate_deck_id, count(*) as rates
from rates r
where r.shard_id = $1
    and r.organization_id = '00000000-0000-0000-0000-000000000000'
    and r.rate_deck_id = any($2::uuid [])
    and not (r.effective_from <= $3 and (r.effective_to is null or $3 < r.effective_to))
group by r.rate_deck_id
