-- Adds a token of a key that is neither revoked nor expired, and forgets those of the key that are over or too many.
with old as (
    delete from api_key_tokens t
    where t.shard_id = $1
        and t.organization_id = $2
        and t.key_id = $3
        and (
            t.expires_at <= $6
            or t.token_hash in (
                select n.token_hash
                from api_key_tokens n
                where n.shard_id = $1 and n.organization_id = $2 and n.key_id = $3
                order by n.expires_at desc
                offset $8
            )
        )
)
insert into api_key_tokens (shard_id, organization_id, key_id, token_hash, scopes, issued_at, expires_at)
select $1, $2, $3, $4, $5, $6, $7
from api_keys k
where k.shard_id = $1
    and k.organization_id = $2
    and k.key_id = $3
    and k.revoked_at is null
    and k.expires_at > $6
returning key_id
