-- What a verification found; the operator's own row.
update verify_runs v
set state = $3,
    ended_at = $4,
    checks_done = case when $3 = 'failed' then v.checks_done else v.checks end,
    organizations = $5,
    transfers = $6,
    discrepancies_found = $7,
    discrepancies = $8,
    failure = $9
where v.shard_id = $1
    and v.organization_id = '00000000-0000-0000-0000-000000000000'
    and v.run_id = $2
    and v.state = 'running'
