-- The user or resource account with this user principal name, in letters of any size, or this object id.
select p.party_id, p.kind
from parties p
where p.shard_id = $1 and p.organization_id = $2 and (lower(p.user_principal_name) = lower($3) or p.party_id = $4::uuid)
-- Should somebody be called like another's object id, the object id counts.
order by p.party_id = $4::uuid desc nulls last
limit 1
