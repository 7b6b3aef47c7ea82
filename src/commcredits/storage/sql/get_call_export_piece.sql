-- One piece of an export that can be fetched.
select p.content
from call_export_pieces p
join call_exports e
    on e.shard_id = p.shard_id and e.organization_id = p.organization_id and e.export_id = p.export_id
where p.shard_id = $1
    and p.organization_id = $2
    and p.export_id = $3
    and p.piece = $4
    and e.state = 'ready'
