-- Has removals of a person's passkeys follow each other.
select p.passkey_id
from passkeys p
where p.shard_id = $1 and p.organization_id = $2 and p.person_id = $3
order by p.passkey_id
for update
