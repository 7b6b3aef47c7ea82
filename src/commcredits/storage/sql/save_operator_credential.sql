-- Keeps the password and the list of codes of the break-glass operator, in the place of those before.
insert into operator_credentials (shard_id, organization_id, password_hash, totp_secret, totp_step, set_at)
values ($1, $2, $3, $4, 0, $5)
on conflict (shard_id, organization_id) do update
set
    password_hash = excluded.password_hash,
    totp_secret = excluded.totp_secret,
    totp_step = 0,
    set_at = excluded.set_at
