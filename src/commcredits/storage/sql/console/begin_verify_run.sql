-- Begins a verification: the one that was asked for first, or a new one where an id is given; its id comes back, or none.
-- Whoever asks has the right to verify, so that a run which still says it is running has lost its process.
with lost as (
    update verify_runs v
    set state = 'failed', ended_at = $3, failure = 'its process ended before it did'
    where v.shard_id = $1
        and v.organization_id = '00000000-0000-0000-0000-000000000000'
        and v.state = 'running'
),
asked as (
    select v.run_id
    from verify_runs v
    where v.shard_id = $1
        and v.organization_id = '00000000-0000-0000-0000-000000000000'
        and v.state = 'waiting'
        and $2::uuid is null
    order by v.run_id
    limit 1
),
begun as (
    update verify_runs v
    set state = 'running', began_at = $3, checks = $5
    from asked
    where v.shard_id = $1 and v.organization_id = '00000000-0000-0000-0000-000000000000' and v.run_id = asked.run_id
    returning v.run_id
),
made as (
    insert into verify_runs (
        shard_id, organization_id, run_id, state, asked_by, asked_at, began_at, checks
    )
    select $1, '00000000-0000-0000-0000-000000000000', $2::uuid, 'running', $4, $3, $3, $5
    where $2::uuid is not null
    returning run_id
)
select run_id from begun
union all
select run_id from made
