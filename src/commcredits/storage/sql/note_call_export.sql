-- A writer tells how far it is; nothing is returned where the export is not its own any more.
update call_exports e
set alive_at = $5, calls_expected = $6, calls_written = $7, rows_written = $8, bytes_written = $9
where e.shard_id = $1
    and e.organization_id = $2
    and e.export_id = $3
    and e.attempts = $4
    and e.state = 'writing'
returning e.export_id
