-- The departments and usage locations of an organization's users or resource accounts, and how many people each has, the
-- largest first: what a list can be narrowed to.
select g.department, g.usage_location, g.by_location, g.people
from (
    select p.department, p.usage_location, grouping(p.department) = 1 as by_location, count(*) as people
    from parties p
    where p.shard_id = $1 and p.organization_id = $2 and p.kind = $3
    group by grouping sets ((p.department), (p.usage_location))
) g
order by g.by_location desc, g.people desc, g.department, g.usage_location
limit $4
