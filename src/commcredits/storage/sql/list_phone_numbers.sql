-- An organization's telephone numbers, newest first, from the one before a given instant and number on.
select n.organization_id, n.number, n.kind, n.display_name, n.purpose, n.party_id, n.created_at
from phone_numbers n
where n.shard_id = $1 and n.organization_id = $2 and (n.created_at, n.number) < ($3, $4)
order by n.created_at desc, n.number desc
limit $5
