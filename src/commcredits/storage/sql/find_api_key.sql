-- The key with a prefix, whosever it is: whoever shows it has not said yet which organization they come for.
select
    k.organization_id,
    k.key_id,
    k.name,
    k.secret_hash,
    k.scopes,
    k.sandbox_id,
    k.expires_at,
    k.last_used_at,
    k.revoked_at
from api_keys k
where k.shard_id = $1 and k.prefix = $2
