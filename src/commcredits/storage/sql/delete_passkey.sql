-- Removes a passkey of a person; the last one only where another way in remains.
delete from passkeys p
where
    p.shard_id = $1
    and p.organization_id = $2
    and p.person_id = $3
    and p.passkey_id = $4
    and (
        $5
        or exists (
            select 1
            from passkeys k
            where k.shard_id = $1 and k.organization_id = $2 and k.person_id = $3 and k.passkey_id <> $4
        )
    )
returning p.passkey_id
