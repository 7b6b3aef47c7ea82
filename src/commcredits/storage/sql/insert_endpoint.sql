-- Keeps a webhook endpoint, unless the organization has as many as it may.
insert into webhook_endpoints (
    shard_id, organization_id, endpoint_id, url, description, kinds, secret, state, disabled_because, created_at
)
select $1, $2, $3, $4, $5, $6, $7, 'enabled', '', $8
where (
    select count(*)
    from webhook_endpoints e
    where e.shard_id = $1 and e.organization_id = $2
) < $9
returning 1
