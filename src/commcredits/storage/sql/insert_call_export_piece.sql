-- The next piece of an export, if it is its writer's own still.
insert into call_export_pieces (shard_id, organization_id, export_id, piece, content)
select $1, e.organization_id, e.export_id, $5, $6
from call_exports e
where e.shard_id = $1
    and e.organization_id = $2
    and e.export_id = $3
    and e.attempts = $4
    and e.state = 'writing'
for update
