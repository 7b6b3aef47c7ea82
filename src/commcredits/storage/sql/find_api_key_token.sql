-- The key of a short-lived token and what that token may, whosever it is, as for find_api_key.
select
    k.organization_id,
    k.key_id,
    k.name,
    k.secret_hash,
    array(select unnest(k.scopes) intersect select unnest(t.scopes)) as scopes,
    k.sandbox_id,
    least(k.expires_at, t.expires_at) as expires_at,
    k.last_used_at,
    k.revoked_at
from api_key_tokens t
join api_keys k
    on k.shard_id = t.shard_id and k.organization_id = t.organization_id and k.key_id = t.key_id
where t.shard_id = $1 and t.token_hash = $2
