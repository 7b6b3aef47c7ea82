-- How many checks of a verification are done; the operator's own row.
update verify_runs v
set checks_done = $3
where v.shard_id = $1
    and v.organization_id = '00000000-0000-0000-0000-000000000000'
    and v.run_id = $2
    and v.state = 'running'
