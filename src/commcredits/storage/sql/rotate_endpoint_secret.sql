-- Gives a webhook endpoint a new secret; the one before signs beside it for a while.
update webhook_endpoints e
set old_secret = e.secret, old_secret_until = $5, secret = $4
where e.shard_id = $1 and e.organization_id = $2 and e.endpoint_id = $3
returning 1
