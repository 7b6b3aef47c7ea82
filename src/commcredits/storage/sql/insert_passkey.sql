-- Keeps a new passkey of a person, unless there are as many as one may have or it is known already.
insert into passkeys (
    shard_id, organization_id, passkey_id, person_id, credential_id, public_key, sign_count, transports, name,
    created_at
)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
where (
    select count(*) from passkeys k where k.shard_id = $1 and k.organization_id = $2 and k.person_id = $4
) < $11
on conflict do nothing
returning passkey_id
