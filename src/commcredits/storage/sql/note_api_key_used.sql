-- Notes when a key was used, at most once in a minute.
update api_keys k
set last_used_at = $4
where k.shard_id = $1
    and k.organization_id = $2
    and k.key_id = $3
    and (k.last_used_at is null or k.last_used_at <= $4::timestamptz - interval '1 minute')
