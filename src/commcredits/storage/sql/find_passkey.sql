-- The passkey with this credential id.
select p.passkey_id, p.person_id, p.public_key, p.sign_count
from passkeys p
where p.shard_id = $1 and p.organization_id = $2 and p.credential_id = $3
