-- Whom a person may be: in every organization that has them, for one passkey opens all of these.
select a.organization_id, a.administrator_id, a.roles, coalesce(o.name, '') as organization_name
from administrators a
left join organizations o on o.shard_id = $1 and o.organization_id = a.organization_id
where a.shard_id = $1 and a.person_id = $2 and a.state = 'active'
order by organization_name, a.administrator_id
limit 50
