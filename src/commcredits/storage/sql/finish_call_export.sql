-- An export is whole, and can be fetched until $6.
update call_exports e
set state = 'ready', finished_at = $5, expires_at = $6, alive_at = $5
where e.shard_id = $1
    and e.organization_id = $2
    and e.export_id = $3
    and e.attempts = $4
    and e.state = 'writing'
returning e.export_id
