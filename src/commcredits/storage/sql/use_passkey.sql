-- Notes a use of a passkey, if nobody else used it with the same count meanwhile.
update passkeys p
set sign_count = $5, used_at = $6
where p.shard_id = $1 and p.organization_id = $2 and p.passkey_id = $3 and p.sign_count = $4
returning p.passkey_id
