-- What calls came to by the keys of a dimension: whole months and days as they are summed, the rest from the calls. The
-- dearest first; how many keys there are stands in every row.
select
    p.key,
    p.name,
    sum(p.calls)::bigint as calls,
    sum(p.seconds)::bigint as seconds,
    sum(p.pool_minutes)::bigint as pool_minutes,
    sum(p.charged_micros)::bigint as charged_micros,
    count(*) over () as keys
from (
    select m.key, m.name, m.calls, m.seconds, m.pool_minutes, m.charged_micros
    from spending_months m
    where m.shard_id = $1 and m.organization_id = $2 and m.dimension = $3 and m.month = any ($4::date[])
    union all
    select d.key, d.name, d.calls, d.seconds, d.pool_minutes, d.charged_micros
    from spending_days d
    where d.shard_id = $1 and d.organization_id = $2 and d.dimension = $3 and d.day = any ($5::date[])
    union all
    select c.key, c.name, 1, c.seconds, c.pool_minutes, c.charged_micros
    from unnest($6::timestamptz[], $7::timestamptz[]) as t (begins_at, ends_at)
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
        offset 0
    ) c
) p
group by p.key, p.name
order by sum(p.charged_micros) desc, sum(p.seconds) desc, p.key, p.name
limit $8
