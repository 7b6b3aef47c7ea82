-- The keys of switches that are newer than a generation, or revoked or changed since, oldest change first; of every
-- organization, for a charging process serves all of them.
select
    k.prefix,
    k.secret_hash,
    k.key_id,
    k.organization_id,
    k.sandbox_id,
    k.expires_at,
    k.revoked_at is not null as is_revoked,
    k.generation
from api_keys k
where k.shard_id = $1 and k.generation > $2 and 'charging' = any (k.scopes)
order by k.generation
