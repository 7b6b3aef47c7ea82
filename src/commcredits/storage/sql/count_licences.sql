-- How many of each licence an organization has assigned, by usage location, and how many it has bought, by country.
select counted.*, o.country as home
from organizations o
cross join (
    select false as bought, held.licence, p.usage_location as country, count(*) as quantity
    from parties p
    cross join lateral unnest(p.licences) as held (licence)
    where p.shard_id = $1 and p.organization_id = $2
    group by held.licence, p.usage_location
    union all
    select true, s.licence, s.country, s.purchased
    from licence_stock s
    where s.shard_id = $1 and s.organization_id = $2
) counted
where o.shard_id = $1 and o.organization_id = $2
