-- Everybody of an organization who holds one of the calling plans $3: whom, where, which licences.
select p.party_id, p.usage_location, p.licences, p.created_at
from parties p
where p.shard_id = $1 and p.organization_id = $2 and p.licences && $3::text[] and p.usage_location <> ''
order by p.party_id
