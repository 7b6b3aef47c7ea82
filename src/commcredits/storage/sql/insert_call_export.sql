-- Asks for an export, unless the organization has $8 open ones already; returns whether it did. The organization's row is
-- locked, so that two who ask at once are counted one after the other.
with organization as (
    select o.organization_id
    from organizations o
    where o.shard_id = $1 and o.organization_id = $2
    for update
)
insert into call_exports (
    shard_id, organization_id, export_id, parameters, begins_at, ends_at, requested_by, requested_at
)
select $1, o.organization_id, $3, $4, $5, $6, $7, $9
from organization o
where (
    select count(*)
    from call_exports e
    where e.shard_id = $1 and e.organization_id = $2 and e.state in ('waiting', 'writing')
) < $8
returning export_id
