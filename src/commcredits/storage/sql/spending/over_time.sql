-- What calls came to day by day, or month by month where whole months are asked for, by some keys of a dimension, or by
-- all of them together where $9 is true.
select
    p.day,
    p.key,
    p.name,
    sum(p.calls)::bigint as calls,
    sum(p.seconds)::bigint as seconds,
    sum(p.pool_minutes)::bigint as pool_minutes,
    sum(p.charged_micros)::bigint as charged_micros
from (
    select
        m.month as day,
        case when $9::boolean then '' else m.key end as key,
        case when $9::boolean then '' else m.name end as name,
        m.calls, m.seconds, m.pool_minutes, m.charged_micros
    from spending_months m
    where m.shard_id = $1 and m.organization_id = $2 and m.dimension = $3 and m.month = any ($4::date[])
        and ($9::boolean or m.key = any ($10::text[]))
    union all
    select
        d.day,
        case when $9::boolean then '' else d.key end,
        case when $9::boolean then '' else d.name end,
        d.calls, d.seconds, d.pool_minutes, d.charged_micros
    from spending_days d
    where d.shard_id = $1 and d.organization_id = $2 and d.dimension = $3 and d.day = any ($5::date[])
        and ($9::boolean or d.key = any ($10::text[]))
    union all
    select
        t.day,
        case when $9::boolean then '' else c.key end,
        case when $9::boolean then '' else c.name end,
        1, c.seconds, c.pool_minutes, c.charged_micros
    from unnest($6::timestamptz[], $7::timestamptz[], $8::date[]) as t (begins_at, ends_at, day)
    -- A probe of the index for each stretch, whatever the planner believes: see commit_batch.sql.
    cross join lateral (
        select c.key, c.name, c.seconds, c.pool_minutes, c.charged_micros
        from spending_of_calls c
        where c.shard_id = $1
            and c.organization_id = $2
            -- Every call meets this; it names the index that listings use.
            and c.authorised_at > '2000-01-01T00:00:00Z'
            and c.authorised_at >= t.begins_at
            and c.authorised_at < t.ends_at
            and c.dimension = $3
            and ($9::boolean or c.key = any ($10::text[]))
        offset 0
    ) c
) p
group by p.day, p.key, p.name
order by p.day
