-- Asks for a verification, unless one is asked for already or runs; the id of the one there is comes back. Operator's own.
with made as (
    insert into verify_runs (shard_id, organization_id, run_id, state, asked_by, asked_at)
    select $1, '00000000-0000-0000-0000-000000000000', $2, 'waiting', $3, $4
    where not exists (
        select
        from verify_runs v
        where v.shard_id = $1
            and v.organization_id = '00000000-0000-0000-0000-000000000000'
            and v.state in ('waiting', 'running')
    )
    returning run_id
)
select run_id from made
