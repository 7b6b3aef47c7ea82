-- Has changes of who administers an organization follow each other, and says who does.
select a.administrator_id, a.roles, a.roles_from_provider, a.state, a.accepted_at
from administrators a
where a.shard_id = $1 and a.organization_id = $2
order by a.administrator_id
for update
