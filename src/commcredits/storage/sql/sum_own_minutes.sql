-- The minutes that users have for themselves, by country: of everybody who has the licence, or had it and used some.
select
    p.usage_location as country,
    count(*) filter (where $5 = any (p.licences)) as users,
    coalesce(sum(m.used), 0)::bigint as used,
    coalesce(sum(m.held), 0)::bigint as held,
    coalesce(
        sum(greatest(0, $6 - coalesce(m.used, 0) - coalesce(m.held, 0))) filter (where $5 = any (p.licences)), 0
    )::bigint as available
from parties p
left join meters m
    on m.shard_id = $1
    and m.organization_id = $2
    and m.key = $4 || p.party_id::text
    and m.period = $3
where p.shard_id = $1
    and p.organization_id = $2
    and p.usage_location <> ''
    and ($5 = any (p.licences) or m.used > 0 or m.held > 0)
group by p.usage_location
order by p.usage_location
