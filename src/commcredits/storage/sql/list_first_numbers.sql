-- The first number of each of these users of an organization.
select n.party_id, min(n.number) as number
from phone_numbers n
where n.shard_id = $1 and n.organization_id = $2 and n.party_id = any ($3::uuid[])
group by n.party_id
