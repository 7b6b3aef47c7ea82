-- One of the operator's own mappings of files of call records.
select m.name, m.document, m.saved_at
from call_mappings m
where m.shard_id = $1 and m.organization_id = $2 and m.name = $3
