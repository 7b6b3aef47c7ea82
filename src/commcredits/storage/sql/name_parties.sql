-- The names of these users and resource accounts of an organization.
select p.party_id, p.kind, p.display_name, p.user_principal_name, p.department
from parties p
where p.shard_id = $1 and p.organization_id = $2 and p.party_id = any ($3::uuid[])
