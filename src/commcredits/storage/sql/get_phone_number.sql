-- One telephone number, whoever's it is.
select n.organization_id, n.number, n.kind, n.display_name, n.purpose, n.party_id, n.created_at
from phone_numbers n
where n.shard_id = $1 and n.number = $2
