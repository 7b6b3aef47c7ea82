-- The administrator whom a provider's subject is.
select a.administrator_id, a.roles, a.roles_from_provider, a.state
from external_identities e
join administrators a
    on a.shard_id = $1 and a.organization_id = $2 and a.administrator_id = e.administrator_id
where e.shard_id = $1 and e.organization_id = $2 and e.issuer = $3 and e.subject = $4
