-- Rosters whose counts of licences are not those of the people and of the stock (counted).
with counted as (
    select p.organization_id, 'assigned ' || held.licence || '/' || p.usage_location as subject, count(*) as quantity
    from parties p
    cross join lateral unnest(p.licences) as held (licence)
    where p.shard_id = $1
    group by 1, 2
    union all
    select
        s.organization_id,
        -- What was bought for no country in particular counts for the organization's own.
        'purchased ' || s.licence || '/' || case when s.country = '' then o.country else s.country end,
        sum(s.purchased)
    from licence_stock s
    join organizations o on o.shard_id = s.shard_id and o.organization_id = s.organization_id
    where s.shard_id = $1 and s.purchased > 0
    group by 1, 2
),
told as (
    select r.organization_id, told.what || ' ' || each.key as subject, each.value::bigint as quantity
    from rosters r
    cross join (values ('assigned'), ('purchased')) as told (what)
    cross join lateral jsonb_each_text(coalesce(r.roster::jsonb -> told.what, '{}')) as each (key, value)
    where r.shard_id = $1
)
select
    coalesce(counted.organization_id, told.organization_id) as organization_id,
    coalesce(counted.subject, told.subject) as subject,
    coalesce(counted.quantity, 0) as expected,
    coalesce(told.quantity, 0) as found
from counted
full join told on told.organization_id = counted.organization_id and told.subject = counted.subject
where counted.quantity is distinct from told.quantity
order by 1, 2
limit $2
