-- Which of these numbers are the organization's own, and whose they are.
select n.number, n.kind, n.purpose, n.party_id
from unnest($3::text[]) as wanted (number)
cross join lateral (
    select *
    from phone_numbers n
    where n.shard_id = $1 and n.organization_id = $2 and n.number = wanted.number
    offset 0
) n
