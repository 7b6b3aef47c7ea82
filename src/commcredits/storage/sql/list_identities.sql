-- At which providers an administrator is known.
select e.issuer, e.linked_at
from external_identities e
where e.shard_id = $1 and e.organization_id = $2 and e.administrator_id = $3
order by e.issuer
