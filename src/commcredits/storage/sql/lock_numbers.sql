-- Which of these numbers are somebody's, whose, and what for; locked until the transaction ends. Each is probed by its key.
select known.*
from unnest($2::text[]) as wanted (number)
cross join lateral (
    select n.number, n.organization_id, n.kind, n.display_name, n.purpose, n.party_id
    from phone_numbers n
    where n.shard_id = $1 and n.number = wanted.number
    offset 0
    for update
) known
