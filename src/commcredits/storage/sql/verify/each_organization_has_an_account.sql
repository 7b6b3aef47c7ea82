-- Organizations without an account, and accounts without an organization (counted, not summed).
select
    coalesce(o.organization_id, a.organization_id) as organization_id,
    case when a.organization_id is null then 'account' else 'organization' end as subject,
    1 as expected,
    0 as found
from (select organization_id from organizations where shard_id = $1) o
full join (select organization_id from accounts where shard_id = $1) a using (organization_id)
where o.organization_id is null or a.organization_id is null
order by 1, 2
limit $2
