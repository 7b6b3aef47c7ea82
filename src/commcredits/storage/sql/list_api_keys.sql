-- An organization's keys, newest first, from the one before a given instant and id on; or one key, by its id.
select
    k.key_id,
    k.prefix,
    k.name,
    k.note,
    k.scopes,
    k.sandbox_id,
    k.created_at,
    k.created_by_name,
    k.expires_at,
    k.last_used_at,
    k.revoked_at,
    k.revoked_by_name
from api_keys k
where k.shard_id = $1
    and k.organization_id = $2
    and ($3::uuid is null or k.key_id = $3)
    and (k.created_at, k.key_id) < ($4, $5::uuid)
order by k.created_at desc, k.key_id desc
limit $6
