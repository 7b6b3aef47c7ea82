-- Keeps a mapping of files of call records under its name; no row comes back when that were one too many.
insert into call_mappings (shard_id, organization_id, name, document, saved_at)
select $1, $2, $3, $4, $5
where exists (select from call_mappings m where m.shard_id = $1 and m.organization_id = $2 and m.name = $3)
    or (select count(*) from call_mappings m where m.shard_id = $1 and m.organization_id = $2) < $6
on conflict (shard_id, organization_id, name) do update
set document = excluded.document, saved_at = excluded.saved_at
returning name
