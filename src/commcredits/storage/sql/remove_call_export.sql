-- Removes an export, whatever has become of it, and all of its pieces.
with gone as (
    delete from call_export_pieces p
    where p.shard_id = $1 and p.organization_id = $2 and p.export_id = $3
)
update call_exports e
set state = 'removed', finished_at = coalesce(e.finished_at, $4), expires_at = least(e.expires_at, $4)
where e.shard_id = $1 and e.organization_id = $2 and e.export_id = $3 and e.state <> 'removed'
returning e.export_id
