-- Keeps a part of an organization's advice in place of the one before, unless that is newer.
insert into advice as a (shard_id, organization_id, part, worked_out_at, document)
values ($1, $2, $3, $4, $5)
on conflict (shard_id, organization_id, part) do update
set worked_out_at = excluded.worked_out_at, document = excluded.document
where a.worked_out_at <= excluded.worked_out_at
