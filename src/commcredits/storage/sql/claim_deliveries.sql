-- Takes deliveries that are due, the first of each endpoint and for so long that nobody else makes them meanwhile. Endpoints
-- that have taken nothing lately are asked for apart from the others; those that are just being called are passed over.
-- The organization of which fewest are being called comes first, so that nobody's slow endpoints take every place.
with recursive owed as (
    (
        select d.organization_id, d.endpoint_id
        from webhook_deliveries d
        where d.shard_id = $1 and d.state = 'waiting'
        order by d.organization_id, d.endpoint_id
        limit 1
    )
    union all
    -- One look into the index for each endpoint, however much is owed to it.
    select next.organization_id, next.endpoint_id
    from owed
    cross join lateral (
        select d.organization_id, d.endpoint_id
        from webhook_deliveries d
        where d.shard_id = $1
            and d.state = 'waiting'
            and (d.organization_id, d.endpoint_id) > (owed.organization_id, owed.endpoint_id)
        order by d.organization_id, d.endpoint_id
        limit 1
    ) next
),
taken as (
    select f.organization_id, f.delivery_id
    from owed o
    join webhook_endpoints e
        on e.shard_id = $1 and e.organization_id = o.organization_id and e.endpoint_id = o.endpoint_id
    cross join lateral (
        select d.organization_id, d.delivery_id, d.next_at
        from webhook_deliveries d
        where d.shard_id = $1
            and d.organization_id = o.organization_id
            and d.endpoint_id = o.endpoint_id
            and d.state = 'waiting'
            and d.next_at <= $2
        order by d.next_at, d.delivery_id
        limit 1
        for update skip locked
    ) f
    where e.state = 'enabled'
        and (e.failing_since is not null) = $5
        and not e.endpoint_id = any($6::uuid[])
    order by
        row_number() over (partition by o.organization_id order by f.next_at)
            + (select count(*) from unnest($7::uuid[]) as b (organization_id) where b.organization_id = o.organization_id),
        f.next_at
    limit $4
),
claimed as (
    update webhook_deliveries d
    set next_at = $3, attempts = d.attempts + 1, tries = d.tries + 1, attempted_at = $2
    from taken
    where d.shard_id = $1 and d.organization_id = taken.organization_id and d.delivery_id = taken.delivery_id
    returning d.organization_id, d.delivery_id, d.endpoint_id, d.notice_id, d.attempts, d.tries
)
select
    c.organization_id,
    c.delivery_id,
    c.endpoint_id,
    c.notice_id,
    c.attempts,
    c.tries,
    e.url,
    e.secret,
    case when e.old_secret_until > $2 then e.old_secret end as old_secret,
    n.kind,
    n.facts,
    n.noticed_at
from claimed c
join webhook_endpoints e on e.shard_id = $1 and e.organization_id = c.organization_id and e.endpoint_id = c.endpoint_id
join notices n on n.shard_id = $1 and n.organization_id = c.organization_id and n.notice_id = c.notice_id
