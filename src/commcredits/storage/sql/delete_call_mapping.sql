-- Forgets one of the operator's own mappings of files of call records.
delete from call_mappings m
where m.shard_id = $1 and m.organization_id = $2 and m.name = $3
