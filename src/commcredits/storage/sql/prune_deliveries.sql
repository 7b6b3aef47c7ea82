-- Forgets webhook deliveries that were settled before an instant, some at a time; returns how many.
with old as (
    select d.organization_id, d.delivery_id
    from webhook_deliveries d
    where d.shard_id = $1 and d.settled_at < $2
    limit $3
),
gone as (
    delete from webhook_deliveries d
    using old
    where d.shard_id = $1 and d.organization_id = old.organization_id and d.delivery_id = old.delivery_id
    returning 1
)
select count(*) from gone
