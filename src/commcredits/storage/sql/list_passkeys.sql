-- The passkeys of a person, oldest first; under the operator's id, for persons belong to no single organization.
select p.passkey_id, p.name, p.credential_id, p.transports, p.created_at, p.used_at
from passkeys p
where p.shard_id = $1 and p.organization_id = $2 and p.person_id = $3
order by p.passkey_id
